//! The order of the folders of src: a folder imports from itself and from those above it in `ORDER`, and no files import each
//! other in a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use super::imports::Tree;
use crate::support::repository;

/// A folder may use itself and those of the lines above its own, not those beside it.
const ORDER: [&[&str]; 8] = [
    &["process"],
    &["domain"],
    &["config"],
    &["sources", "staging", "warehouse", "notify", "output"],
    &["jobs"],
    &["report"],
    &["cli"],
    &["commands"],
];
/// The types of the command line know of no work, and only the commands know of them.
const CLI_MAY_USE: [&str; 2] = ["domain", "config"];

fn line_of(folder: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&folder))
}

fn may_use(folder: &str, other: &str) -> bool {
    let above = line_of(other) < line_of(folder);
    let by_cli = folder != "cli" || CLI_MAY_USE.contains(&other);
    folder == other || (above && by_cli)
}

/// What `ORDER` does not have, or src has not.
fn misplaced(tree: &Tree) -> Vec<String> {
    let real: BTreeSet<_> = tree.0.keys().filter_map(|m| m.split("::").next()).collect();
    let listed = ORDER.concat().into_iter().collect();
    let say = |name: &&str| format!("{name} is only in one of src and ORDER");
    real.symmetric_difference(&listed).map(say).collect()
}

/// Imports from a folder that is not above, those of unit tests too.
fn forbidden(tree: &Tree) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (module, (file, imports)) in &tree.0 {
        let paths = imports.iter().map(|i| tree.whole(&i.module, &i.path));
        for whole in paths.flatten() {
            let [own, other] = [module, &whole].map(|path| path.split("::").next().unwrap());
            if !may_use(own, other) {
                found.insert(format!("{file} imports {whole}"));
            }
        }
    }
    found.into_iter().collect()
}

type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Which file imports from which; unit tests may import what they like.
fn graph(tree: &Tree) -> Graph<'_> {
    let name = |module| tree.0[module].0.as_str();
    let files = tree.0.values().map(|(file, imports)| {
        let real = imports.iter().filter(|i| !i.test);
        let sources = real.filter_map(|i| tree.source(i)).map(name);
        (file.as_str(), sources.collect())
    });
    files.collect()
}

/// For each import the shortest way back, if there is one: each circle once, from its first file on.
fn circles(graph: &Graph<'_>) -> Vec<String> {
    let edges = graph
        .iter()
        .flat_map(|(from, targets)| targets.iter().map(|to| (*from, *to)));
    let circles = edges.filter_map(|(from, to)| {
        let mut circle = way(graph, to, from)?;
        let first = circle.iter().enumerate().min_by_key(|(_, file)| **file)?.0;
        circle.rotate_left(first);
        circle.push(circle[0]);
        Some(circle.join(" -> "))
    });
    circles.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The shortest way from one file to another.
fn way<'a>(graph: &Graph<'a>, from: &'a str, to: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![from]]);
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop_front() {
        let last = way[way.len() - 1];
        if last == to {
            return Some(way);
        }
        let next = graph[last].iter().filter(|next| seen.insert(next));
        ways.extend(next.map(|next| [&way[..], &[*next]].concat()));
    }
    None
}

/// Every source file below a folder, with its text.
fn read(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(repository("src")).unwrap();
            let name = name.display().to_string().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// All of src but the two roots, which stand over it.
fn src() -> Tree {
    let mut files = Vec::new();
    read(&repository("src"), &mut files);
    assert!(files.len() > 20);
    files.retain(|(file, _)| file != "main.rs" && file != "lib.rs");
    let files = files.iter().map(|(file, text)| (&file[..], &text[..]));
    Tree::of(&files.collect::<Vec<_>>())
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_folder_has_its_place() {
    assert_none(&misplaced(&src()));
}

#[test]
fn no_folder_imports_from_one_beside_or_below() {
    assert_none(&forbidden(&src()));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_none(&circles(&graph(&src())));
}

#[test]
fn a_folder_that_is_new_or_gone_is_found() {
    let mut files = ORDER.concat();
    assert_none(&misplaced(&tree_of(&files)));
    files[0] = "utils";
    let found = misplaced(&tree_of(&files));
    let [gone, new] = ["process", "utils"].map(|f| format!("{f} is only in one of src and ORDER"));
    assert_eq!(found, [gone, new]);
}

fn tree_of(names: &[&str]) -> Tree {
    Tree::of(&names.iter().map(|name| (*name, "")).collect::<Vec<_>>())
}

/// A file, its text, and what it may not import.
const FORBIDDEN: &str = r##"
domain/bar.rs | use crate::config::Config; | config::Config
domain/a/b.rs | use super::super::super::staging::Batch; | staging::Batch
staging/runs.rs | use crate::{domain::bar::Bar, warehouse::{Target, error::Class}}; | warehouse::Target warehouse::error::Class
sources/krx.rs | fn x() -> crate::output::Table {} | output::Table
notify/mod.rs | #[cfg(test)] mod tests { mod a { use super::super::super::jobs; } } use crate::report; | jobs report
jobs/sync.rs | const A: char = '"'; const B: char = '\''; use crate::cli::{self as c}; fn f<'a>() { c::Cli } | cli cli::Cli
cli/mod.rs | use crate::jobs::sync::Options; | jobs::sync::Options
cli/mod.rs | use crate::{config::Config, domain::{self, run}}; use clap::jobs; |
staging/mod.rs | use super::domain as cli; mod a { use super::jobs; } const A: &str = "\" crate::jobs"; |
staging/mod.rs | const A: &str = r#"" crate::jobs"#; // use crate::jobs::A; |
"##;

#[test]
fn a_forbidden_import_is_found_wherever_it_stands() {
    for case in FORBIDDEN.trim().lines() {
        let [file, text, paths] = parts(case);
        let found = forbidden(&Tree::of(&[(file, text)]));
        let expected = paths
            .split_whitespace()
            .map(|path| format!("{file} imports {path}"));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{case}");
    }
}

/// a/mod.rs, a/b.rs and a/c.rs, and the circle in them.
const CIRCLES: &str = "
pub use b::{B, x as y}; struct A; | use super::A; | use super::B; |
pub use b::{B, x as y}; struct A; | use super::c::C; | use super::B; | a/b.rs -> a/c.rs -> a/b.rs
pub use b::{B, x as y}; struct A; | use super::c; fn f() { c::run() } | use crate::a::y; | a/b.rs -> a/c.rs -> a/b.rs
use b::B; struct A; | use super::A; | | a/b.rs -> a/mod.rs -> a/b.rs
fn f() { b::g() } struct A; | use super::c::C; | use super::A; | a/b.rs -> a/c.rs -> a/mod.rs -> a/b.rs
struct A; | use super::c::C; | #[cfg(test)] use super::b::B; #[cfg(test)] mod tests { use super::super::b::B; } |
#[cfg(test)] mod c; | use super::c::C; | use super::b::B; |
use anyhow::anyhow; | use super::c::C; | use super::{anyhow, b}; |
";

#[test]
fn a_circle_is_found_and_what_only_looks_like_one_is_not() {
    for case in CIRCLES.trim().lines() {
        let [parent, b, c, expected] = parts(case);
        let files = [("a/mod.rs", parent), ("a/b.rs", b), ("a/c.rs", c)];
        assert_eq!(
            circles(&graph(&Tree::of(&files))).join(", "),
            expected,
            "{case}"
        );
    }
}

fn parts<const N: usize>(case: &str) -> [&str; N] {
    let parts: Vec<_> = case.split('|').map(str::trim).collect();
    parts.try_into().unwrap()
}
