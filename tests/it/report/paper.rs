//! Paper: no page is empty, a chart is on one page, the board's head is on each page of it, and dark is white.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::page::many;
use super::{open, two_assets};
use crate::support::browser::{Browser, browser};
use crate::support::left_out;
use crate::support::program::TestEnv;

/// A page with less than this, compressed, has hardly a line on it.
const LEAST: usize = 600;

/// Prints the page as it is, on A4.
fn print(browser: &Browser) -> Vec<u8> {
    let paper = json!({"printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69});
    let printed = browser.devtools("Page.printToPDF", paper);
    BASE64_STANDARD
        .decode(printed["data"].as_str().unwrap())
        .unwrap()
}

/// How many bytes draw each page.
fn pages(pdf: &[u8]) -> Vec<usize> {
    let pdf = String::from_utf8_lossy(pdf);
    let drawn_by = pdf.split("/Contents ").skip(1);
    let length = |object: &str| {
        let (_, object) = pdf.split_once(&format!("\n{object} 0 obj\n")).unwrap();
        let (_, length) = object.split_once("/Length ").unwrap();
        let digits = length.split(|c: char| !c.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    drawn_by
        .map(|part| length(part.split(' ').next().unwrap()))
        .collect()
}

#[test]
fn no_page_is_empty_and_two_charts_go_on_one() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    browser.colours("dark");
    open(&env, &browser);
    let pages = pages(&print(&browser));
    assert!(pages.iter().all(|bytes| *bytes > LEAST), "{pages:?}");
    // The board; both charts; runs, corrections and the way to PostgreSQL.
    assert!((2..=3).contains(&pages.len()), "{pages:?}");
    let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
    let media = json!({"media": "print", "features": features});
    browser.devtools("Emulation.setEmulatedMedia", media);
    let style = |element: &str, property: &str| {
        browser.text(&format!(
            "getComputedStyle(document.querySelector('{element}')).{property}"
        ))
    };
    assert_eq!(style("body", "backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(style(".card", "backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(style("body", "color"), "rgb(29, 31, 36)");
    for whole in [".chart", ".asset", ".board tr", ".job"] {
        assert_eq!(style(whole, "breakInside"), "avoid", "{whole}");
    }
}

#[test]
fn every_page_of_the_board_has_its_head() {
    let browser = browser!("en-US");
    let env: TestEnv = many(201);
    open(&env, &browser);
    let pdf = print(&browser);
    let pages = pages(&pdf);
    assert!(pages.iter().all(|bytes| *bytes > LEAST), "{pages:?}");
    fs::write(env.path("printed.pdf"), pdf).unwrap();
    let text = Command::new("pdftotext")
        .args(["-layout", "printed.pdf", "-"])
        .current_dir(env.path("."))
        .output();
    let Ok(text) = text else {
        left_out("the head on every printed page needs pdftotext");
        return;
    };
    let text = String::from_utf8(text.stdout).unwrap();
    let board: Vec<&str> = text
        .split('\u{c}')
        .filter(|page| page.contains("stale"))
        .collect();
    assert!(board.len() > 2, "{text}");
    for page in board {
        assert!(page.contains("Newest close"), "{page}");
    }
    // It says that there are more.
    assert!(text.contains("100 of 201 assets"), "{text}");
}
