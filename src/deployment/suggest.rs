//! Did you mean …?

/// The candidate nearest to a mistyped word, where one is near enough to be meant.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let near = |candidate: &'a str| {
        let lower = candidate.to_lowercase();
        let longer = length.max(lower.chars().count());
        // A word cut short, as `monday` for `mon`, is far away by edits and yet clear.
        let shorter = length.min(lower.chars().count());
        let begins = shorter >= 3 && (lower.starts_with(&word) || word.starts_with(&lower));
        let distance = if begins { 1 } else { strsim::damerau_levenshtein(&word, &lower) };
        (distance <= (longer / 3).max(1) && distance < longer).then_some((distance, candidate))
    };
    candidates.into_iter().filter_map(near).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// "did you mean …?", where something is near enough.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::closest;

    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(closest(word, candidates.iter().copied()), expected, "{word}");
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        check("servesr", &["servers", "role"], Some("servers"));
        check("Fqdn", &["fqdn", "role"], Some("fqdn"));
        check("monday", &["sun", "mon"], Some("mon"));
        check("frontend", &["front-end", "edge"], Some("front-end"));
        check("x", &["y"], None);
        check("colour", &["role", "iis"], None);
        check("", &["iis"], None);
    }
}
