//! What to answer when a name is not there.

/// Names that are shown of a long list.
const N_NEAREST: usize = 5;

/// All names, those that look most like `name` first.
pub(crate) fn nearest_first<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let similarity = |other: &str| strsim::jaro_winkler(&other.to_lowercase(), &name);
    let mut known: Vec<(f64, &str)> = known.into_iter().map(|other| (similarity(other), other)).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0));
    known.into_iter().map(|(_, other)| other).collect()
}

/// The nearest few names, and how many there are beside them: `CD3D, CD3E, ... (765 in all)`.
pub(crate) fn nearest_few<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest_first(name, known);
    let shown = nearest[..nearest.len().min(N_NEAREST)].join(", ");
    if nearest.len() > N_NEAREST { format!("{shown}, ... ({} in all)", nearest.len()) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first_whatever_their_case() {
        assert_eq!(nearest_first("cd3d", ["LYZ", "CD3E", "CD3D"]), ["CD3D", "CD3E", "LYZ"]);
        let many: Vec<String> = (0..20).map(|number| format!("GENE{number}")).collect();
        let text = nearest_few("gene7", many.iter().map(String::as_str));
        assert!(text.starts_with("GENE7, ") && text.ends_with(", ... (20 in all)"), "{text}");
    }
}
