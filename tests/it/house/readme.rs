//! README.md says what the program does: its commands, variables, SQL and paths are held to the program itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{CommandFactory, Parser};
use pricestash::cli::Cli;
use pricestash::config::{Config, Kind, Variable, Variables, all_variables};
use pricestash::sources::{self, SOURCES};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(project().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

/// The fenced blocks of a text, also those inside a list.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                blocks.push(Block {
                    language: language.trim().to_owned(),
                    lines: Vec::new(),
                });
            }
            None if open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!open, "a fenced block does not end");
    blocks
}

/// What stands between backticks outside of fenced blocks.
fn code_spans(text: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            open = !open;
        } else if !open {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    spans
}

/// Every command line of the program, in blocks and in sentences, without what stands before its name.
fn command_lines(readme: &str) -> Vec<String> {
    let in_blocks = blocks(readme)
        .into_iter()
        .filter(|b| b.language == "sh")
        .flat_map(|b| b.lines);
    in_blocks
        .chain(code_spans(readme))
        .map(|line| line.trim().to_owned())
        .filter(|line| line.starts_with("pricestash "))
        .collect()
}

/// The arguments that the README gives to the daily script, which are those of `collect`.
fn arguments_of_the_daily_script(readme: &str) -> Vec<String> {
    let lines = blocks(readme).into_iter().flat_map(|b| b.lines);
    lines
        .filter_map(|line| {
            let (_, arguments) = line.split_once("scripts/daily_collect.sh")?;
            Some(format!("pricestash collect {arguments}"))
        })
        .collect()
}

#[test]
fn every_command_line_is_one_that_the_program_takes() {
    let readme = read("README.md");
    let lines = [
        command_lines(&readme),
        command_lines(&read("data/README.md")),
        arguments_of_the_daily_script(&readme),
    ]
    .concat();
    assert!(lines.len() > 15, "{lines:?}");
    for line in lines {
        let parsed = Cli::try_parse_from(line.split_whitespace());
        let asked_for_help = parsed.as_ref().is_err_and(|e| e.exit_code() == 0);
        assert!(parsed.is_ok() || asked_for_help, "{line}: {parsed:?}");
    }
}

#[test]
fn every_command_and_every_flag_is_explained() {
    let readme = read("README.md");
    let commands: BTreeSet<String> = command_lines(&readme)
        .iter()
        .filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
        .collect();
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let name = command.get_name();
        assert!(
            commands.contains(name),
            "README.md has no example of {name}"
        );
        assert!(
            readme.contains(&format!("**{name}**")),
            "README.md does not say what {name} does"
        );
    }
    let all = cli.get_subcommands().chain([&cli]);
    for flag in all.flat_map(|c| c.get_arguments().filter_map(|a| a.get_long())) {
        let explained = code_spans(&readme).iter().any(|span| {
            span.split_whitespace()
                .any(|word| word == format!("--{flag}"))
        });
        assert!(explained, "README.md does not explain --{flag}");
    }
}

/// The lines `NAME=value` of `.env.example`.
fn example_variables() -> BTreeSet<(String, String)> {
    read(".env.example")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// The variables that a document tells of: those of libraries are their business.
fn variables() -> Vec<Variable> {
    let mut variables = all_variables(&sources::origins());
    variables.retain(|v| v.kind != Kind::Foreign);
    variables
}

#[test]
fn the_example_of_env_has_every_variable_with_its_default() {
    let text = read(".env.example");
    let (older, own): (Vec<Variable>, Vec<Variable>) = variables()
        .into_iter()
        .partition(|v| matches!(v.kind, Kind::OlderNameOf(_)));
    let own = own
        .iter()
        .map(|v| (v.name.to_owned(), v.default.to_owned()));
    assert_eq!(example_variables(), own.collect());
    // They have no line of their own, but stand in a comment.
    for variable in older {
        assert!(text.contains(variable.name), "{}", variable.name);
    }
    let config = |dot_env: &str| Config {
        // That they stand in a file is no difference.
        set: Vec::new(),
        ..Variables::new(|_: &str| None, dot_env, &sources::origins())
            .read()
            .unwrap()
    };
    assert_eq!(format!("{:?}", config(&text)), format!("{:?}", config("")));
}

/// Whether the README's words for a variable fit what its value is.
fn is_told(variable: &Variable, meaning: &str) -> bool {
    match variable.kind {
        Kind::TimeLimit | Kind::Pause => meaning.starts_with("seconds "),
        Kind::Tries => meaning.starts_with("tries "),
        Kind::OlderNameOf(newer) => {
            meaning == format!("older name, read where `{newer}` is not set")
        }
        _ => !meaning.is_empty(),
    }
}

#[test]
fn the_table_of_variables_is_that_of_the_program() {
    let readme = read("README.md");
    let rows: Vec<[&str; 3]> = readme
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
            let name = cells.next()?.trim_end_matches('`');
            Some([name, cells.next()?, cells.next()?])
        })
        .filter(|[name, ..]| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .collect();
    assert_eq!(rows.len(), variables().len(), "{rows:?}");
    for variable in variables() {
        let Variable { name, default, .. } = variable;
        let default = match default {
            "" => "–".to_owned(),
            default => format!("`{default}`"),
        };
        let is_right = |[n, d, meaning]: &[&str; 3]| {
            *n == name && *d == default && is_told(&variable, meaning)
        };
        assert!(
            rows.iter().any(is_right),
            "the row of {name} should have the default {default}, and say what it is"
        );
    }
}

#[test]
fn the_table_of_symbols_has_every_source() {
    let readme = read("README.md");
    let (_, table) = readme
        .split_once("| source | symbols | for example |")
        .unwrap();
    let named = table.lines().skip(2).map_while(|l| l.strip_prefix("| `"));
    let named: Vec<&str> = named.filter_map(|l| l.split('`').next()).collect();
    let sources: Vec<&str> = SOURCES.iter().map(|(kind, _)| kind.name()).collect();
    assert_eq!(named, sources);
}

/// What the README's first command prints, and the staging file it makes.
fn collect_the_sample(folder: &Path) -> (String, PathBuf) {
    let staging = folder.join("staging.db");
    let output = Command::new(env!("CARGO_BIN_EXE_pricestash"))
        .args(["collect", "--replay"])
        .arg(project().join("data/sample"))
        .args(["--assets", "KS200,005930,000660,SOXL,BTC,GC=F"])
        .current_dir(folder)
        .env("STAGING_DB", &staging)
        .env("ASSETS_FILE", project().join("data/assets.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), staging)
}

#[test]
fn the_first_command_prints_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let (printed, staging) = collect_the_sample(folder.path());
    let printed = printed.lines().skip(1);
    let blocks = blocks(&read("README.md"));
    let shown = blocks.iter().find(|b| b.language == "text").unwrap();
    let table = shown
        .lines
        .iter()
        .take_while(|line| !line.is_empty())
        .skip(1);
    assert_eq!(words(printed), words(table.map(String::as_str)));

    let waiting: u64 = Connection::open(staging)
        .unwrap()
        .query_row("SELECT count(*) FROM pending", [], |row| row.get(0))
        .unwrap();
    let said = format!("{waiting} rows wait");
    assert!(
        shown.lines.iter().any(|line| line.contains(&said)),
        "{said}"
    );
}

/// What a query says, one row a line.
fn answer(staging: &Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = staging
        .prepare(sql)
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    let columns = statement.column_count();
    let names = statement.column_names();
    let header = names.iter().map(ToString::to_string).collect();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|i| Ok(cell(row.get_ref(i)?))).collect()
    });
    let rows: Result<Vec<Vec<String>>, _> = rows.unwrap().collect();
    [vec![header], rows.unwrap()].concat()
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// The lines of a printed table as words, without the rule below its header.
fn words<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.chars().all(|c| c == '-' || c == ' '))
        .collect()
}

#[test]
fn every_query_gives_what_stands_below_it() {
    let folder = tempfile::tempdir().unwrap();
    let staging = Connection::open(collect_the_sample(folder.path()).1).unwrap();
    let blocks = blocks(&read("README.md"));
    let mut queries = 0;
    for (i, block) in blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| b.language == "sql")
    {
        queries += 1;
        let answer = answer(&staging, &block.lines.join("\n"));
        // A query with an answer to show has it in the next block; the others have none on the sample.
        let shown =
            (answer.len() > 1).then(|| words(blocks[i + 1].lines.iter().map(String::as_str)));
        let answer: Vec<String> = answer.iter().map(|row| row.join(" ")).collect();
        if let Some(shown) = shown {
            assert_eq!(words(answer.iter().map(String::as_str)), shown);
        }
    }
    assert!(queries >= 4, "{queries}");
}

#[test]
fn every_path_is_there() {
    let readme = read("README.md");
    let links = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned);
    let commands = blocks(&readme)
        .into_iter()
        .filter(|b| b.language == "sh")
        .flat_map(|b| b.lines);
    let mentioned = commands.chain(code_spans(&readme));
    let mentioned = mentioned.flat_map(|line| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let paths: BTreeSet<String> = mentioned
        .filter(|word| is_path(word))
        .chain(links.filter(|link| !link.contains("://")))
        .collect();
    assert!(paths.contains("scripts/daily_collect.sh") && paths.contains("LICENSE"));
    for path in paths {
        assert!(project().join(&path).exists(), "{path} is not there");
    }
}

/// Whether a word is a path of the project: not of what a run makes, and not of a source's address.
fn is_path(word: &str) -> bool {
    let ours = [
        "scripts/",
        "data/",
        "src/",
        "schema/",
        "tests/",
        ".env.example",
    ];
    let not_ours = ["data/staging.db", "data/index/"];
    ours.iter().any(|start| word.starts_with(start))
        && !not_ours.iter().any(|start| word.starts_with(start))
}

#[test]
fn the_changelog_says_what_every_dependency_is_for() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let needed: BTreeSet<String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let changelog = read("CHANGELOG.md");
    let (_, table) = changelog.split_once("| crate | for |").unwrap();
    let explained: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|names| names.split(", ").map(str::to_owned))
        .collect();
    assert_eq!(needed, explained);
}
