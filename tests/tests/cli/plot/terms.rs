use std::fs;

use super::{Folder, has_texts, texts};

const ORA: &str = "\
context,target,term,overlap,set_size,p_value,adjusted_p_value,odds_ratio,combined_score,genes
B cells,neuron 1,worst,1,30,1,1,1,0,LYZ
B cells,neuron 1,\"best <b>, \"\"ever\"\"\",5,36,0,0,9,9,A;B
B cells,neuron 1,second & last,4,40,0.001,0.01,3,3,A
T cells,neuron 1,other,2,10,0.1,0.2,1,1,C
";

const GSEA: &str = "\
context,target,term,es,nes,p_value,fdr,size,leading_edge
,,down,-0.5,-1.5,0.01,0.0001,20,A;B
,,up,0.5,1.75,0.01,0.04,20,C
";

#[test]
fn terms_of_one_list_with_overlap_and_threshold() {
    let folder = Folder::new();
    let input = folder.path("enrichment.csv");
    fs::write(&input, ORA).unwrap();
    let svg = folder.svg("terms", &input, &["--context", "B cells", "--top", "2"]);
    has_texts(&svg, &["best <b>, \"ever\"", "second & last", "5/36", "4/40", "p = 0.05", "B cells, neuron 1"]);
    assert!(!texts(&svg).contains(&"worst".to_owned()));
    let svg = folder.svg("terms", &input, &["--context", "B cells", "--title", "mine", "--width", "300"]);
    has_texts(&svg, &["mine", "worst", "1/30"]);
}

#[test]
fn scores_of_both_signs_of_a_ranking() {
    let folder = Folder::new();
    let input = folder.path("gsea.csv");
    fs::write(&input, GSEA).unwrap();
    let svg = folder.svg("terms", &input, &[]);
    has_texts(&svg, &["up", "down", "FDR 0.040", "FDR < 0.001", "normalised enrichment score"]);
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let folder = Folder::new();
    let input = folder.path("enrichment.csv");
    fs::write(&input, ORA).unwrap();
    let refuses = |arguments: &[&str], expected: &[&str]| folder.refuses("terms", &input, arguments, expected);
    refuses(&[], &["2 lists of context and target", "'B cells' with 'neuron 1', 'T cells' with 'neuron 1'"]);
    refuses(&["--context", "NK cells"], &["--context NK cells: not in the table, which has: "]);
    refuses(&["--context", "B cells", "--width", "1"], &["--width 1 is out of range"]);
    fs::write(&input, "term,p\nx,1\n").unwrap();
    refuses(&[], &["has no column 'context'", "`concord enrich`"]);
    fs::write(&input, ORA.replace(",0.01,", ",nan,")).unwrap();
    refuses(&["--context", "B cells"], &["adjusted_p_value of the term 'second & last' is NaN"]);
    fs::write(&input, b"\xff\xfe\x00").unwrap();
    refuses(&[], &["this is no text file"]);
    folder.refuses("terms", &folder.path("none.csv"), &[], &["none.csv: cannot be read"]);
}
