//! Which value of the command line is being typed.

use clap::{Arg, Command, CommandFactory};

use crate::cli::Cli;

/// What the value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An asset.
    Asset,
    /// The same, after others and a comma.
    Assets,
    /// The name of a source, as the column `source` has it.
    Source,
    /// The source of a new asset, as `SOURCE:SYMBOL`.
    NewSource,
    /// A source of the user's own.
    OwnSource,
    /// A trading calendar.
    Calendar,
}

/// A value that is being typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Kind,
    /// What of the word stays: `--assets=`, and the assets before the last comma.
    pub(super) kept: String,
    /// What is typed of the value.
    pub(super) typed: String,
}

/// What stands before the word that is being typed.
struct Before<'a> {
    command: &'a Command,
    /// The option that takes this word.
    option: Option<&'a Arg>,
    /// So many words that are no options.
    words: usize,
}

impl<'a> Before<'a> {
    fn take(mut self, word: &str) -> Self {
        // bash makes three words of --assets=005930.
        if word == "=" {
            return self;
        }
        if let Some(name) = word.strip_prefix("--") {
            let is_whole = name.contains('=');
            self.option = option(self.command, name).filter(|_| !is_whole);
            return self;
        }
        if let Some(option) = self.option {
            let is_last = option.get_num_args().is_none_or(|n| n.max_values() <= 1);
            self.option = Some(option).filter(|_| !is_last);
            return self;
        }
        match self.command.find_subcommand(word) {
            Some(command) => Self {
                command,
                option: None,
                words: 0,
            },
            None => Self {
                words: self.words + 1,
                ..self
            },
        }
    }

    /// What takes the next word.
    fn next(&self) -> Option<&'a Arg> {
        let mut positionals = self.command.get_positionals();
        let last = self.command.get_positionals().last();
        let many = last.filter(|l| l.get_num_args().is_some_and(|n| n.max_values() > 1));
        self.option.or(positionals.nth(self.words).or(many))
    }
}

/// An option that takes a value.
fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let name = name.split('=').next().unwrap_or(name);
    let mut options = command.get_opts();
    options.find(|o| o.get_long() == Some(name))
}

/// Finds the place of the last word, which may be empty; `None` where no asset, source or calendar is asked for.
pub(super) fn find(words: &[String]) -> Option<Place> {
    let mut command = Cli::command();
    // Only then options know how many values they take.
    command.build();
    let (word, before) = words.split_last()?;
    let start = Before {
        command: &command,
        option: None,
        words: 0,
    };
    let before = before.iter().fold(start, |b, word| b.take(word));
    // bash gives the sign as a word of its own.
    let word = if word == "=" { "" } else { word };
    let (arg, kept, typed) = match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => {
            let name = name.trim_start_matches('-');
            (option(before.command, name)?, format!("--{name}="), value)
        }
        _ if word.starts_with('-') => return None,
        _ => (before.next()?, String::new(), word),
    };
    let kind = kind(before.command, arg)?;
    let (others, typed) = match typed.rfind(',').filter(|_| kind == Kind::Assets) {
        Some(comma) => typed.split_at(comma + 1),
        None => ("", typed),
    };
    Some(Place {
        kind,
        kept: kept + others,
        typed: typed.to_owned(),
    })
}

/// The names of arguments mean the same in every command.
fn kind(command: &Command, arg: &Arg) -> Option<Kind> {
    Some(match (command.get_name(), arg.get_id().as_str()) {
        (_, "asset" | "id") => Kind::Asset,
        (_, "assets") => Kind::Assets,
        ("test-source", "name") => Kind::OwnSource,
        ("add", "sources") => Kind::NewSource,
        (_, "source") => Kind::Source,
        (_, "calendar") => Kind::Calendar,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<(Kind, String, String)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        find(&words).map(|p| (p.kind, p.kept, p.typed))
    }

    #[test]
    fn every_place_that_takes_an_asset_a_source_or_a_calendar_is_found() {
        use Kind::{Asset, Assets, Calendar, NewSource, OwnSource, Source};
        for (line, kind, kept, typed) in [
            ("show ", Asset, "", ""),
            ("--format json show --days 3 00", Asset, "", "00"),
            ("history 005930", Asset, "", "005930"),
            ("actions ", Asset, "", ""),
            ("waive ", Asset, "", ""),
            ("retract B", Asset, "", "B"),
            ("retract B 2026-01-02 --source y", Source, "", "y"),
            ("reconcile A B ", Assets, "", ""),
            ("collect --assets ", Assets, "", ""),
            ("collect --assets 005930,BT", Assets, "005930,", "BT"),
            ("collect --assets A,B C,", Assets, "C,", ""),
            ("sync --assets=A,B", Assets, "--assets=A,", "B"),
            ("verify --assets = A,B", Assets, "A,", "B"),
            ("verify --assets =", Assets, "", ""),
            ("export --source ", Source, "", ""),
            ("report --years 3 --assets ", Assets, "", ""),
            ("import f.csv --asset ", Asset, "", ""),
            ("assets --calendar XK", Calendar, "", "XK"),
            ("assets disable ", Asset, "", ""),
            ("assets remove A", Asset, "", "A"),
            ("assets add X --calendar ", Calendar, "", ""),
            ("assets add X --source ya", NewSource, "", "ya"),
            ("assets test-source ", OwnSource, "", ""),
        ] {
            let expected = (kind, kept.to_owned(), typed.to_owned());
            assert_eq!(found(line), Some(expected), "{line}");
        }
        for line in [
            "",
            "sh",
            "show A ",
            "show --",
            "collect ",
            "collect --start ",
            "collect --assets A --jobs ",
            "retract A ",
            "import ",
            "assets ",
            "assets add ",
            "assets add X --name ",
            "assets test-source mine ",
            "nope ",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
