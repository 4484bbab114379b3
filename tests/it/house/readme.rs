//! The documents say what the program does: their commands, variables, SQL, paths and links are held to the program itself.

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

/// README.md and the rooms' own.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "data/README.md",
    "schema/README.md",
    "scripts/README.md",
    "src/README.md",
    "tests/README.md",
];

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
    let mut count = 0;
    for document in DOCUMENTS {
        let text = read(document);
        for line in [command_lines(&text), arguments_of_the_daily_script(&text)].concat() {
            count += 1;
            let parsed = Cli::try_parse_from(line.split_whitespace());
            let asked_for_help = parsed.as_ref().is_err_and(|e| e.exit_code() == 0);
            assert!(
                parsed.is_ok() || asked_for_help,
                "{document}: {line}: {parsed:?}"
            );
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn the_readme_is_short_and_its_table_has_every_command() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines");
    assert!(readme.lines().take(3).any(|line| {
        line.contains("scripts/README.md#") && line.chars().any(|c| ('가'..='힣').contains(&c))
    }));
    let (_, table) = readme
        .split_once("| command | what it does |\n|---|---|\n")
        .unwrap();
    let named: BTreeSet<&str> = table
        .lines()
        .map_while(|line| line.strip_prefix("| `pricestash "))
        .filter_map(|rest| rest.split([' ', '`']).next())
        .collect();
    let cli = Cli::command();
    let commands = cli.get_subcommands().filter(|c| !c.is_hide_set());
    let commands: BTreeSet<&str> = commands.map(clap::Command::get_name).collect();
    assert_eq!(named, commands);
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

/// Whether the table's words for a variable fit what its value is.
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
    let document = read("scripts/README.md");
    let rows: Vec<[&str; 3]> = document
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

/// The first words in code of a table's rows, below this header.
fn first_column(document: &str, header: &str) -> Vec<String> {
    let text = read(document);
    let (_, table) = text.split_once(header).unwrap();
    let rows = table.lines().skip(2).map_while(|l| l.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_tables_of_sources_have_every_source() {
    let mut sources: Vec<&str> = SOURCES.iter().map(|(kind, _)| kind.name()).collect();
    let symbols = first_column("data/README.md", "| source | symbols | for example |");
    assert_eq!(symbols, sources);
    sources.push("manual");
    let given = first_column("README.md", "| source | what | symbols, for example |");
    assert_eq!(given, sources);
}

/// What the README's first command prints, and the staging file it makes.
fn collect_the_sample(folder: &Path) -> (String, PathBuf) {
    let staging = folder.join("staging.db");
    let output = Command::new(env!("CARGO_BIN_EXE_pricestash"))
        .args(["collect", "--replay"])
        .arg(project().join("data/sample"))
        .args(["--assets", "KS200,005930,000660,SOXL,BTC,GC=F"])
        .current_dir(folder)
        .env("PRICESTASH_LANG", "en")
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
    let one_line = code_spans(&read("README.md"));
    // That of DuckDB is run in the tests of `export`.
    let is_for_sqlite =
        |span: &&String| span.starts_with("SELECT ") && !span.contains("sqlite_scan");
    let one_line: Vec<&String> = one_line.iter().filter(is_for_sqlite).collect();
    assert!(!one_line.is_empty());
    for query in one_line {
        assert!(answer(&staging, query).len() > 700, "{query}");
    }
    let document = read("schema/README.md");
    let (_, chapter) = document.split_once("\n## The SQLite file\n").unwrap();
    let blocks = blocks(chapter.split("\n## ").next().unwrap());
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
    let mut count = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let commands = blocks(&text)
            .into_iter()
            .filter(|b| b.language == "sh")
            .flat_map(|b| b.lines);
        for line in commands.chain(code_spans(&text)) {
            for path in line.split_whitespace().filter(|word| is_path(word)) {
                count += 1;
                assert!(
                    project().join(path).exists(),
                    "{document}: {path} is missing"
                );
            }
        }
    }
    assert!(count > 50, "{count}");
}

/// The anchors that GitHub gives to the headings of a text.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut in_block = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        in_block ^= line.trim_start().starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !in_block) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            anchors.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    anchors
}

/// A reader of a package has no other files than these.
#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut count = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let folder = project().join(document).parent().unwrap().to_owned();
        let links = text.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                project().join(document)
            } else {
                folder.join(path)
            };
            assert!(target.exists(), "{document}: {link} is missing");
            let has_heading = anchor.is_empty()
                || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            assert!(has_heading, "{document}: {link} leads to no heading");
        }
    }
    assert!(count > 30, "{count}");
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
