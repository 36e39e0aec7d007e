//! `docs/tutorial.md`, typed line by line: its commands run in order in one folder, write what they say, and print what
//! it quotes.
//!
//! Blocks of ```` ```sh ```` are run. Lines in blocks of ```` ```text ```` must be the beginnings of lines that were
//! printed, so that times at their ends can be left out. Other blocks are in Python and not run.
#![cfg(unix)]
#![allow(missing_docs)]

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Output},
};

use concord_tests::{repository_file, shared};

type TestResult = Result<(), Box<dyn Error>>;

/// Pictures larger than this make the repository heavy.
const LARGEST_PICTURE: u64 = 200_000;

#[test]
fn commands_of_the_tutorial_do_what_it_says() -> TestResult {
    let Some(shared) = shared("commands_of_the_tutorial_do_what_it_says") else { return Ok(()) };
    let tutorial = tutorial()?;
    let folder = tempfile::tempdir()?;
    copy_data(&shared.join("data"), &tutorial, folder.path())?;
    let mut printed = Vec::new();
    for command in &commands(&tutorial) {
        printed.extend(run(command, folder.path())?.lines().map(squeezed));
    }
    for line in blocks(&tutorial, "text").concat() {
        let quoted = squeezed(line);
        let is_printed = printed.iter().any(|line| line.starts_with(&quoted));
        assert!(is_printed, "the tutorial quotes what no command prints:\n{line}");
    }
    for picture in pictures(&tutorial) {
        let made = picture.strip_prefix("images/tutorial-").ok_or_else(|| format!("{picture}: an unusual name"))?;
        assert!(folder.path().join(made).is_file(), "{picture} is shown, but no command writes {made}");
    }
    Ok(())
}

#[test]
fn pictures_of_the_tutorial_are_there_and_small() -> TestResult {
    let tutorial = tutorial()?;
    let pictures = pictures(&tutorial);
    assert!(!pictures.is_empty(), "no pictures found in the tutorial");
    for picture in pictures {
        let file = repository_file("docs").join(picture);
        let size = fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
        assert!(size < LARGEST_PICTURE, "{picture} has {size} bytes");
    }
    Ok(())
}

#[test]
fn lines_are_joined_and_words_keep_their_quotes_together() {
    let document =
        "```text\nconcord no\n```\n```sh\nconcord a \\\n    --b \"c d\" -o 'e f'\nls\n```\n```python\nno\n```\n";
    let commands = commands(document);
    assert_eq!(commands, ["concord a --b \"c d\" -o 'e f'", "ls"]);
    assert_eq!(words(&commands[0]), ["concord", "a", "--b", "c d", "-o", "e f"]);
    assert_eq!(outputs(&words(&commands[0])), ["e f"]);
}

fn tutorial() -> Result<String, Box<dyn Error>> {
    let file = repository_file("docs/tutorial.md");
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Copies the data files that the tutorial names.
fn copy_data(data: &Path, tutorial: &str, folder: &Path) -> TestResult {
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name();
        let named = name.to_str().is_some_and(|name| name.contains('.') && tutorial.contains(name));
        if named {
            fs::copy(entry.path(), folder.join(&name))?;
        }
    }
    Ok(())
}

/// The lines of all blocks in a language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(start) = lines.find_map(|line| line.strip_prefix("```")) {
        let block = lines.by_ref().take_while(|line| *line != "```").collect();
        if start == language {
            blocks.push(block);
        }
    }
    blocks
}

/// The commands of all blocks of ```` ```sh ````, each in one line.
fn commands(document: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in blocks(document, "sh") {
        let block: Vec<&str> = block.into_iter().map(str::trim).collect();
        let joined = block.join("\n").replace("\\\n", "");
        commands.extend(joined.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    commands
}

/// A line with single spaces between its words.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits a command as a shell does, as far as the tutorial needs it: at spaces that are not in quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in command.chars() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter == ' ' => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What a command says it writes.
fn outputs(words: &[String]) -> Vec<&str> {
    words.windows(2).filter(|pair| pair[0] == "-o" || pair[0] == "--out").map(|pair| pair[1].as_str()).collect()
}

/// The pictures that the tutorial shows, as paths from its folder.
fn pictures(document: &str) -> Vec<&str> {
    let links = document.lines().filter(|line| line.starts_with("!["));
    links.filter_map(|line| Some(line.rsplit_once("](")?.1.trim_end_matches(')'))).collect()
}

/// Runs one command of the tutorial, which must succeed and write its files: `concord` as it was built for this test, all
/// else by the shell. Returns what it printed.
fn run(command: &str, folder: &Path) -> Result<String, Box<dyn Error>> {
    let words = words(command);
    let output = if words[0] == "concord" {
        Command::new(env!("CARGO_BIN_EXE_concord-under-test")).args(&words[1..]).current_dir(folder).output()?
    } else {
        Command::new("sh").args(["-e", "-c", command]).current_dir(folder).output()?
    };
    let Output { status, stdout, stderr } = &output;
    let (stdout, stderr) = (String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
    assert!(status.success(), "{command}\n{status}\n{stderr}");
    let asks_for_lines = words[0] == "grep" && !command.contains('>');
    assert!(!asks_for_lines || !stdout.is_empty(), "{command}\nfinds nothing");
    for name in outputs(&words) {
        assert!(folder.join(name).exists(), "{command}\ndoes not write {name}");
    }
    Ok(format!("{stdout}\n{stderr}"))
}
