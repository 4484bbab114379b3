//! Which module may use which: a layer uses itself and those before it, never one behind it.

use std::fs;
use std::path::Path;

use crate::support::repository;

/// The layers in their order, each with its modules.
const LAYERS: [(&str, &[&str]); 4] = [
    (
        "domain",
        &[
            "alert",
            "asset",
            "asset_edit",
            "calendar",
            "checksum",
            "config",
            "digits",
            "job_run",
            "pace",
            "price",
            "redact",
            "retry",
            "series",
            "stop",
            "timestamp",
            "upstream",
            "validate",
        ],
    ),
    (
        "adapters",
        &[
            "cli",
            "feed",
            "logging",
            "plot",
            "render",
            "screen",
            "staging",
            "tell",
            "terminal",
            "warehouse",
            "year",
        ],
    ),
    ("jobs", &["job", "report"]),
    ("app", &["app"]),
];

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| {
            panic!("src has a module {module} that is in no layer; add it to LAYERS")
        })
}

/// The modules behind every `crate::` of a text without its comments, also in `crate::{a, b::c}`.
fn used(text: &str) -> Vec<String> {
    let lines = text.lines().map(|l| l.split("//").next().unwrap());
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut modules = Vec::new();
    for path in code.split("crate::").skip(1) {
        let names = match path.strip_prefix('{') {
            Some(group) => top_level(group),
            None => vec![path],
        };
        let word = |c: char| c.is_alphanumeric() || c == '_';
        modules.extend(
            names
                .into_iter()
                .map(|n| n.trim().split(|c| !word(c)).next().unwrap().to_owned()),
        );
    }
    modules
}

/// The parts of a `{…}` group between its own commas.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Every source file below a folder, with its text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(repository("src")).unwrap();
            let name = name.display().to_string().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let text = "use crate::a::B;\nuse crate::{c, d::{E, f}, g as h,};\n// crate::no\nfn x() -> crate::i::J {}";
    assert_eq!(used(text), ["a", "c", "d", "g", "i"]);
}

#[test]
fn no_layer_uses_one_behind_it() {
    let mut found = Vec::new();
    sources(&repository("src"), &mut found);
    assert!(found.len() > 20);
    let mut wrong = Vec::new();
    for (file, text) in &found {
        let module = file.split(['/', '.']).next().unwrap();
        // The two roots: the one names every module, the other calls the app.
        if matches!(module, "main" | "lib") {
            continue;
        }
        let behind = |used: &String| layer(used) > layer(module);
        wrong.extend(used(text).into_iter().filter(behind).map(|used| {
            let [own, other] = [module, &used].map(|m| LAYERS[layer(m)].0);
            format!("{file} ({own}) uses crate::{used} ({other})")
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
