//! Manual pages and completions: made from the command line, for every command of it.

use crate::support::program::TestEnv;

/// The commands that the help of a command lists, each with those that it is in.
fn commands(env: &TestEnv, within: &[String]) -> Vec<Vec<String>> {
    let arguments: Vec<&str> = within
        .iter()
        .map(String::as_str)
        .chain(["--help"])
        .collect();
    let help = env.succeed(&arguments).stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    let listed = list.lines().take_while(|line| line.starts_with("  "));
    // What stands further right goes on with the line before.
    let names = listed.filter(|line| !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let mut all = Vec::new();
    for name in names.filter(|name| *name != "help") {
        let command = [within, &[name.to_owned()]].concat();
        all.extend(commands(env, &command));
        all.push(command);
    }
    all
}

#[test]
fn every_command_has_a_manual_page() {
    let env = TestEnv::new();
    let commands = commands(&env, &[]);
    assert!(commands.contains(&vec!["collect".to_owned()]));
    assert!(commands.contains(&vec!["assets".to_owned(), "add".to_owned()]));
    let whole = env.succeed(&["man"]).stdout;
    for command in &commands {
        let arguments: Vec<&str> = ["man"]
            .into_iter()
            .chain(command.iter().map(String::as_str))
            .collect();
        let page = env.succeed(&arguments).stdout;
        let title = format!("pricestash-{}", command.join("-"));
        assert!(page.contains(&format!(".TH {title} 1 ")), "{page:.300}");
        // Whoever refers to it finds it.
        let reference = format!("{}(1)", title.replace('-', "\\-"));
        let above = match command.as_slice() {
            [_] => whole.clone(),
            [outer, ..] => env.succeed(&["man", outer]).stdout,
            [] => continue,
        };
        assert!(above.contains(&reference), "{reference}");
    }
    let ran = env.run(&["man", "assets", "nope"]);
    assert!(
        ran.code == 2 && ran.error().contains("\"assets nope\""),
        "{ran:?}"
    );
}

#[test]
fn each_shell_completes_every_command() {
    let env = TestEnv::new();
    let commands = commands(&env, &[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = env.succeed(&["completions", shell]).stdout;
        for name in commands.iter().flatten() {
            assert!(script.contains(name.as_str()), "{shell}: {name}");
        }
    }
}
