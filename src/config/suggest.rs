//! "Did you mean".

/// The candidates nearest to `word`, best first, at most three; none that is too far to help.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Vec<&'c str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).max(2);
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    scored.sort();
    scored.truncate(3);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// `did you mean `a`, `b` or `c`?`, or `otherwise` when nothing is near.
pub(super) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    let near: Vec<String> = nearest(word, candidates).iter().map(|name| format!("`{name}`")).collect();
    match near.split_last() {
        None => otherwise(),
        Some((only, [])) => format!("did you mean {only}?"),
        Some((last, rest)) => format!("did you mean {} or {last}?", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_and_far() {
        assert_eq!(nearest("ldflag", ["ldflags", "gcflags", "main"]), ["ldflags"]);
        assert_eq!(nearest("Main", ["main"]), ["main"]);
        assert!(nearest("wholly-different", ["main", "id"]).is_empty());
    }
}
