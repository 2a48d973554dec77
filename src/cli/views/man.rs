//! Man pages, from the same description of the command line as its help.

use clap_mangen::Man;

use crate::cli::manual;
use crate::cli::manual::Entry;

/// The pages of a command and of those inside it, each with its name: `pipeform`, `pipeform-plan`.
pub(crate) fn pages(command: clap::Command) -> Vec<(String, String)> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, "", &mut pages);
    pages
}

fn add(command: &clap::Command, words: &str, pages: &mut Vec<(String, String)>) {
    let name = format!("pipeform {words}").trim_end().replace(' ', "-");
    let page = page(command, manual::entry(words)).unwrap_or_default();
    pages.push((name, page));
    for inside in command.get_subcommands() {
        let words = format!("{words} {}", inside.get_name());
        add(inside, words.trim_start(), pages);
    }
}

fn page(command: &clap::Command, entry: Option<&Entry>) -> std::io::Result<String> {
    let man = Man::new(command.clone()).source(concat!("pipeform ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if let Some(entry) = entry {
        sections(entry, &mut page);
    }
    Ok(ascii(&page))
}

/// The examples and exit codes.
fn sections(entry: &Entry, page: &mut String) {
    page.push_str(".SH EXAMPLES\n");
    for (what, command) in entry.examples {
        page.extend([".PP\n", &escaped(what), ":\n.PP\n.RS 4\n.nf\n"]);
        page.extend([&escaped(command), "\n.fi\n.RE\n"]);
    }
    page.push_str(".SH \"EXIT STATUS\"\n");
    for (code, when) in entry.exit_codes {
        page.extend([".TP\n", &code.to_string(), "\n", &escaped(when), "\n"]);
    }
}

/// A line of text that the formatter of man pages takes as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.chars().next() {
        Some('.' | '\'') => format!("\\&{text}"),
        _ => text,
    }
}

/// Other characters as escapes, which all formatters understand.
fn ascii(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for char in page.chars() {
        if char.is_ascii() {
            text.push(char);
        } else {
            let escape = format!("\\[u{:04X}]", u32::from(char));
            text.push_str(&escape);
        }
    }
    text
}
