//! Names and texts in a statement, whatever characters are in them.

/// A name of a table or a column.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in quotes. What ends a statement or begins a variable is written by its number, for those who look for it in texts, too.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            ';' | '$' | '\0'..='\u{1f}' => {
                quoted.extend(format!("\\{:03o}", u32::from(character)).chars());
            }
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}
