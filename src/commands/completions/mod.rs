//! `completions`: what a shell needs to complete commands and options, and the words of the user's own files.
//!
//! The script of each shell asks the program itself for those: `pricestash completions bash -- show BT` prints the assets that begin
//! so. It says nothing where a file cannot be read: nobody wants an error message while he types.

mod place;
mod words;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::answer::Answer;
use crate::cli::{Cli, CompletionsArgs};
use crate::config::Config;

/// Where the generated function of a shell begins, what is called there, and the function that this calls.
struct Own {
    start: &'static str,
    call: &'static str,
    function: &'static str,
}

pub(super) fn run(args: &CompletionsArgs, config: &Config) -> Result<Answer> {
    if args.words.is_empty() {
        return Ok(Answer::text(script(args.shell)?));
    }
    let mut words = args.words.clone();
    if let (Shell::PowerShell, Some(word)) = (args.shell, words.last_mut()) {
        *word = word.trim_start_matches('+').to_owned();
    }
    Ok(match place::find(&words) {
        Some(place) => Answer::text(words::lines(&place, config)),
        // The generated function knows.
        None => Answer::text(String::new()).ending(1),
    })
}

fn script(shell: Shell) -> Result<String> {
    let mut text = Vec::new();
    generate(
        shell,
        &mut Cli::command(),
        env!("CARGO_PKG_NAME"),
        &mut text,
    );
    let text = String::from_utf8(text)?;
    let Some(own) = own(shell) else {
        return Ok(text);
    };
    if own.start.is_empty() {
        return Ok(format!("{text}{}", own.function));
    }
    let with_call = format!("{}{}{}", own.function, own.start, own.call);
    Ok(text.replacen(own.start, &with_call, 1))
}

fn own(shell: Shell) -> Option<Own> {
    match shell {
        Shell::Bash => Some(Own {
            start: "_pricestash() {\n",
            call: "    _pricestash_words \"$1\" && return\n",
            function: include_str!("words.bash"),
        }),
        Shell::Zsh => Some(Own {
            start: "_pricestash() {\n",
            call: "    _pricestash_words && return\n",
            function: include_str!("words.zsh"),
        }),
        Shell::Fish => Some(Own {
            start: "",
            call: "",
            function: include_str!("words.fish"),
        }),
        // A second completer of the same command would take the place of the first.
        Shell::PowerShell => Some(Own {
            start: "    param($wordToComplete, $commandAst, $cursorPosition)\n",
            call: include_str!("words.ps1"),
            function: "",
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_its_own_words_once() {
        for (shell, call) in [
            (Shell::Bash, "_pricestash_words \"$1\" && return"),
            (Shell::Zsh, "_pricestash_words && return"),
            (Shell::Fish, "-l $option -r -f -a '(__pricestash_words)'"),
            (Shell::PowerShell, "completions powershell --"),
        ] {
            let script = script(shell).unwrap();
            assert_eq!(script.matches(call).count(), 1, "{shell}");
        }
    }
}
