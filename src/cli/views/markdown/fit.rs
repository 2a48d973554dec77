//! Folded sections that together are no longer than a comment may be, whatever is in them.

use super::escape::longest_run;
use super::escape::seen;
use crate::cli::views::counted;

/// How long a comment is at most, in bytes, which are never fewer than characters. GitHub takes 65,535; the rest is for what a workflow
/// writes around it.
pub(super) const LIMIT: usize = 65_000;

/// What a section is made of.
pub(super) enum Form {
    /// Rows below this head, each of one line.
    Table(&'static str),
    /// Blocks of text in a fence of this language.
    Fence(&'static str),
    /// Points of a list, each of one line.
    List,
}

/// A folded section.
pub(super) struct Section {
    /// Its title.
    pub(super) title: &'static str,
    /// What one of its parts is called, and several.
    pub(super) part: (&'static str, &'static str),
    /// How it is written.
    pub(super) form: Form,
    /// Its parts, the most important first.
    pub(super) parts: Vec<String>,
}

impl Section {
    /// How much a part takes at most: a fence is longer than any run of backticks in it, and stands twice.
    fn cost(&self, part: &str) -> usize {
        match self.form {
            Form::Fence(_) => part.len() + 1 + 2 * longest_run(part),
            Form::Table(_) | Form::List => part.len() + 1,
        }
    }

    /// What it says, with the first of its parts that fit into `room`. `more`: how to see the others.
    fn text(&self, room: usize, more: &str) -> String {
        let mut room = room;
        let mut shown: Vec<&str> = Vec::new();
        for part in &self.parts {
            let cost = self.cost(part);
            if cost <= room {
                room -= cost;
                shown.push(part);
            }
        }
        let left_out = count(self.parts.len() - shown.len());
        let number = count(self.parts.len());
        let mut out = format!(
            "\n<details><summary>{} ({number})</summary>\n\n",
            self.title
        );
        let body: String = shown.iter().flat_map(|part| [part, "\n"]).collect();
        match self.form {
            _ if shown.is_empty() => {}
            Form::Table(head) => out.extend([head, "\n", &body]),
            Form::List => out.push_str(&body),
            Form::Fence(language) => {
                let fence = "`".repeat(longest_run(&body).max(2) + 1);
                out.extend([&fence, language, "\n", &body, &fence, "\n"]);
            }
        }
        if left_out > 0 {
            let (one, many) = self.part;
            let are = if left_out == 1 { "is" } else { "are" };
            let parts = counted(left_out, one, many);
            let blank = if shown.is_empty() { "" } else { "\n" };
            out.extend([blank, &parts, " ", are, " left out here. ", more, "\n"]);
        }
        out.push_str("\n</details>\n");
        out
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The verdict and the sections that have parts. What is too long is shortened, the longest first. `more` says how to see all of it.
pub(super) fn fit(verdict: &str, sections: Vec<Section>, more: &str) -> String {
    let mut sections = sections;
    sections.retain(|section| !section.parts.is_empty());
    for section in &mut sections {
        for part in &mut section.parts {
            *part = seen(part);
        }
    }
    // What a section has besides its parts: it can only be less.
    let frame = |section: &Section| {
        let head = match section.form {
            Form::Table(head) => head.len() + 1,
            Form::Fence(language) => language.len() + 8,
            Form::List => 0,
        };
        let (one, many) = section.part;
        120 + section.title.len() + one.len().max(many.len()) + more.len() + head
    };
    let frames: usize = sections.iter().map(frame).sum();
    let mut room = LIMIT.saturating_sub(verdict.len() + frames);
    let costs =
        |section: &Section| -> usize { section.parts.iter().map(|part| section.cost(part)).sum() };
    let mut by_cost: Vec<(usize, usize)> = sections.iter().map(costs).enumerate().collect();
    by_cost.sort_by_key(|(_, cost)| *cost);
    let mut rooms = vec![0; sections.len()];
    let number = by_cost.len();
    for (at, (section, cost)) in by_cost.into_iter().enumerate() {
        let share = cost.min(room / (number - at));
        room -= share;
        if let Some(its) = rooms.get_mut(section) {
            *its = share;
        }
    }
    let mut out = verdict.to_owned();
    for (section, room) in sections.iter().zip(rooms) {
        out.push_str(&section.text(room, more));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::escape::code;
    use super::super::escape::prose;
    use super::*;

    const MORE: &str = "`pipeform show FILE` shows all.";

    /// Texts that try to break out.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("</details>".to_owned()),
            Just("\n</details>\n\n".to_owned()),
            Just("```".to_owned()),
            Just("\n`````\n".to_owned()),
            Just("\r```\r".to_owned()),
            Just("|".to_owned()),
            Just("\\|".to_owned()),
            Just("@everyone".to_owned()),
            Just("<!--".to_owned()),
            "[a-z ]{0,12}",
            ".{0,8}",
            (1_usize..40_000).prop_map(|length| "x".repeat(length)),
            (1_usize..30_000).prop_map(|length| "`".repeat(length)),
        ];
        vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    fn sections(texts: &[Vec<String>; 3]) -> Vec<Section> {
        let [rows, blocks, points] = texts;
        let row = |text: &String| format!("| {} | {} |", code(text), prose(text));
        let point = |text: &String| format!("- {}", prose(text));
        vec![
            Section {
                title: "Rows",
                part: ("row", "rows"),
                form: Form::Table("| A | B |\n|---|---|"),
                parts: rows.iter().map(row).collect(),
            },
            Section {
                title: "Blocks",
                part: ("block", "blocks"),
                form: Form::Fence("diff"),
                parts: blocks.iter().map(|text| format!("+ {text}")).collect(),
            },
            Section {
                title: "Points",
                part: ("point", "points"),
                form: Form::List,
                parts: points.iter().map(point).collect(),
            },
        ]
    }

    /// What stands outside of fences, read as `CommonMark` reads it; an error when a fence stays open.
    fn outside(text: &str) -> Result<Vec<&str>, String> {
        let mut fence: Option<usize> = None;
        let mut lines = Vec::new();
        for line in text.split(['\n', '\r']) {
            let ticks = line.len() - line.trim_start_matches('`').len();
            match fence {
                Some(length) if ticks >= length && line.trim_matches('`').trim().is_empty() => {
                    fence = None;
                }
                Some(_) => {}
                None if ticks >= 3 => fence = Some(ticks),
                None => lines.push(line),
            }
        }
        match fence {
            Some(length) => Err(format!("a fence of {length} stays open")),
            None => Ok(lines),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_comment_is_too_long_and_nothing_breaks_out(
            texts in [vec(hostile(), 0..12), vec(hostile(), 0..12), vec(hostile(), 0..12)],
        ) {
            let written = sections(&texts);
            let expected = written.iter().filter(|section| !section.parts.is_empty()).count();
            let comment = fit("Plan: 1 to add.\n", written, MORE);
            prop_assert!(comment.len() <= LIMIT, "{} bytes", comment.len());
            let lines = outside(&comment).map_err(TestCaseError::fail)?;
            let number = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
            prop_assert_eq!(number("<details>"), expected);
            prop_assert_eq!(number("</details>"), expected);
            for line in &lines {
                prop_assert!(!line.contains('@') && !line.contains("<!--"), "{}", line);
                let inner = line.matches("</details").count();
                prop_assert_eq!(inner, usize::from(line.starts_with("</details>")));
                if line.starts_with('|') {
                    prop_assert_eq!(line.matches('|').count(), 3, "{}", line);
                }
            }
        }
    }

    #[test]
    fn the_longest_section_is_shortened_and_says_so() {
        let rows: Vec<String> = (0..3_000)
            .map(|row| format!("activity.row_{row}"))
            .collect();
        let texts = [rows, vec!["one block".to_owned()], Vec::new()];
        let comment = fit("Plan: 3000 to add.\n", sections(&texts), MORE);
        assert!(comment.len() <= LIMIT && comment.len() > LIMIT - 300);
        assert!(comment.contains("<summary>Rows (3000)</summary>"));
        let left_out = comment.lines().find(|line| line.contains("left out"));
        let shown = comment.matches("`activity.row_").count();
        let left = 3_000 - shown;
        let expected = format!(
            "{} rows are left out here. {MORE}",
            counted(left as u64, "", "").trim()
        );
        assert_eq!(left_out, Some(expected.as_str()));
        assert!(comment.contains("+ one block"));
    }

    #[test]
    fn a_part_that_is_too_long_leaves_the_others() {
        let texts = [
            Vec::new(),
            vec!["x".repeat(100_000), "short".to_owned()],
            Vec::new(),
        ];
        let comment = fit("Plan: 1 to add.\n", sections(&texts), MORE);
        assert!(comment.contains("+ short\n```\n\n1 block is left out here."));
    }
}
