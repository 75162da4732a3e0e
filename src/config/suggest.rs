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
    one_of(nearest(word, candidates)).unwrap_or_else(otherwise)
}

/// `did you mean `a`, `b` or `c`?`; nothing when there is nothing.
pub(super) fn one_of<'c>(names: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    Some(match names.split_last()? {
        (only, []) => format!("did you mean {only}?"),
        (last, rest) => format!("did you mean {} or {last}?", rest.join(", ")),
    })
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
