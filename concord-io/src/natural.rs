/// Texts and numbers in turn; a number is its digits without leading zeros, behind their number: of two numbers the one with
/// more digits is the larger.
pub(crate) type NaturalKey<'t> = Vec<(&'t str, Option<(usize, &'t str)>)>;

/// What a text is sorted by where numbers in it are to count by their size: `B2` before `B10`.
pub(crate) fn natural_key(text: &str) -> NaturalKey<'_> {
    let mut key = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let length = rest[start..].find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len() - start);
        let digits = rest[start..start + length].trim_start_matches('0');
        key.push((&rest[..start], (length > 0).then_some((digits.len(), digits))));
        rest = &rest[start + length..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_their_size() {
        let ordered =
            ["", "1", "2", "10", "10a", "a", "a0", "a1", "a1b", "a1b2", "a1b10", "a02b", "a11", "b", "é9", "é10"];
        assert!(ordered.is_sorted_by(|a, b| natural_key(a) < natural_key(b)));
        assert_eq!(natural_key("a007"), natural_key("a7"));
    }
}
