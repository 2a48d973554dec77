//! Did-you-mean.

/// The candidate nearest to a mistyped name, as a sentence "Did you mean `x`?"; `None` when nothing is near.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let lowered = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lowered, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= (name.chars().count().max(candidate.chars().count()) / 3).clamp(1, 4)
        })
        .min()
        .map(|(_, candidate)| format!("Did you mean `{candidate}`?"))
}
