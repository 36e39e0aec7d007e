use std::collections::{HashMap, HashSet};

/// Makes names unique as anndata does: of a name that stands several times, all but the first get `-1`, `-2` and so on,
/// passing over what is a name already. Returns how many names were changed.
///
/// ```
/// let mut genes = ["A", "A", "A-1", "A"].map(String::from);
/// assert_eq!(concord_io::make_unique(&mut genes), 2);
/// assert_eq!(genes, ["A", "A-2", "A-1", "A-3"]);
/// ```
pub fn make_unique(names: &mut [String]) -> usize {
    let mut known = HashSet::with_capacity(names.len());
    let repeated: Vec<usize> = (0..names.len()).filter(|&place| !known.insert(names[place].clone())).collect();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for &place in &repeated {
        let number = numbers.entry(names[place].clone()).or_default();
        loop {
            *number += 1;
            let name = format!("{}-{number}", names[place]);
            if known.insert(name.clone()) {
                names[place] = name;
                break;
            }
        }
    }
    repeated.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right sides are what `anndata.utils.make_index_unique` of anndata 0.12.19 makes of the left ones.
    #[test]
    fn names_are_those_of_anndata() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["A", "B"], &["A", "B"]),
            (&["A", "A", "A"], &["A", "A-1", "A-2"]),
            (&["A", "A-1", "A", "A", "A-1"], &["A", "A-1", "A-2", "A-3", "A-1-1"]),
            (&["A-1", "A", "A", "A-1-1", "A-1"], &["A-1", "A", "A-2", "A-1-1", "A-1-2"]),
            (&["", "", "-1"], &["", "-2", "-1"]),
            (&["b", "a", "b-2", "b", "b", "a", "b-1", "b"], &["b", "a", "b-2", "b-3", "b-4", "a-1", "b-1", "b-5"]),
        ];
        for (names, expected) in cases {
            let mut unique: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let n_changed = make_unique(&mut unique);
            assert_eq!(unique, expected);
            assert_eq!(n_changed, names.iter().zip(expected).filter(|(before, after)| before != after).count());
        }
    }
}
