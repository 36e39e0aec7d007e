use std::{fmt::Write, fs, path::PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::{annotated_file, concord, demo_run, fails, json_of, stderr_of};

/// Genes G0 to G99 are ranked, best first; sets of various places in the ranking.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let mut table = "context,target,rank,gene,importance,mean_expression,nonzero_fraction,difference\n".to_owned();
        for context in ["B cells", "\"T/../cells, \"\"<b>\"\"\""] {
            for gene in 0..100 {
                writeln!(table, "{context},neuron 3,{},G{gene},{},1,0.5,0.1", gene + 1, 100 - gene).unwrap();
            }
        }
        folder.write("ranked.csv", &table);
        let genes = |range: std::ops::Range<usize>| range.map(|gene| format!("G{gene}")).collect::<Vec<_>>();
        folder.write("genes.txt", &genes(0..5).join("\n"));
        folder.write("all.txt", &genes(0..100).join("\n"));
        let set = |name: &str, range| format!("{name}\t\t{}\n", genes(range).join("\t"));
        let top = set("top <i>, \"first\"", 0..20);
        folder.write("sets.gmt", &format!("{top}{}{}", set("bottom", 80..100), set("middle", 40..60)));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// `concord enrich INPUT --gmt GMT -o out.csv`.
    fn enrich(&self, input: &str, gmt: &str) -> Command {
        let mut command = concord(&["enrich"]);
        command.arg(self.path(input)).arg("--gmt").arg(self.path(gmt)).arg("-o").arg(self.path("out.csv"));
        command
    }

    fn with_background(&self, input: &str, gmt: &str) -> Command {
        let mut command = self.enrich(input, gmt);
        command.arg("--background").arg(self.path("all.txt"));
        command
    }

    /// The rows of the result.
    fn rows(&self) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.path("out.csv")).unwrap();
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn header(&self) -> String {
        fs::read_to_string(self.path("out.csv")).unwrap().lines().next().unwrap().to_owned()
    }

    /// A mistake of a user, after which nothing is written.
    fn refuses(&self, mut command: Command, expected: &[&str]) {
        fails(&mut command, expected);
        assert!(!self.path("out.csv").exists(), "something was written");
    }
}

#[test]
fn the_top_of_each_list_of_a_table() {
    let folder = Folder::new();
    let json = json_of(&mut folder.with_background("ranked.csv", "sets.gmt"));
    let columns = "context,target,term,overlap,set_size,p_value,adjusted_p_value,odds_ratio,combined_score,genes";
    assert_eq!(folder.header(), columns);
    let rows = folder.rows();
    assert_eq!(rows.len(), 6);
    // The quantile 0.95 of 1 to 100 is 95.05: five genes are above.
    assert_eq!(rows[0][..5], ["B cells", "neuron 3", "top <i>, \"first\"", "5", "20"]);
    assert_eq!((rows[0][9].as_str(), rows[3][0].as_str()), ("G0;G1;G2;G3;G4", "T/../cells, \"<b>\""));
    // 15504 of 75287520 ways to take 5 of 100 are within the set.
    assert!((rows[0][5].parse::<f64>().unwrap() - 15504.0 / 75_287_520.0).abs() < 1e-12);
    assert_eq!((&json["lists"][1]["n_genes"], &json["lists"][1]["n_background"]), (&5.into(), &100.into()));

    folder.with_background("ranked.csv", "sets.gmt").args(["--context", "B cells", "--top", "30"]).assert().success();
    assert_eq!((folder.rows().len(), folder.rows()[0][3].as_str()), (3, "20"));
    folder.with_background("ranked.csv", "sets.gmt").args(["--top-fraction", "0.1"]).assert().success();
    assert_eq!(folder.rows()[0][3], "10");
}

#[test]
fn the_best_terms_are_printed() {
    let folder = Folder::new();
    let output = folder.with_background("ranked.csv", "sets.gmt").arg("--quiet").assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for expected in ["B cells, neuron 3: 5 genes of a background of 100, 3 gene sets tested", "5/20", "G0, G1, G2"] {
        assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
    }
}

#[test]
fn a_plain_list_against_every_kind_of_background() {
    let folder = Folder::new();
    let n_background = |which: &str| {
        let json = json_of(folder.enrich("genes.txt", "sets.gmt").args(["--background", which]));
        json["lists"][0]["n_background"].as_u64().unwrap()
    };
    assert_eq!(n_background(folder.path("all.txt").to_str().unwrap()), 100);
    assert_eq!(n_background("20000"), 20_000);
    assert_eq!(n_background("gene-sets"), 60);
    assert_eq!(folder.rows()[0][..3], ["", "", "top <i>, \"first\""]);

    // Real genes of the model, and of the file.
    folder.write("real.txt", "CD3D\nCD3E\nLCK\nCD3D\nNONE\n");
    folder.write("real.gmt", "T cells\t\tCD3D\tCD3E\tLCK\tCD7\tIL32\nB cells\t\tCD79A\tMS4A1\tCD79B\tCD19\tCD74\n");
    let n_of = |option: &str, value: PathBuf| {
        let mut command = folder.enrich("real.txt", "real.gmt");
        let json = json_of(command.args(["--ora-min-size", "1", option]).arg(value));
        (json["lists"][0]["n_background"].as_u64().unwrap(), json["lists"][0]["n_outside_background"].clone())
    };
    assert_eq!(n_of("--background", annotated_file()), (765, 1.into()));
    let (n_features, n_outside) = n_of("--model", demo_run().join("model"));
    assert!(n_features <= 765 && n_outside.as_u64() >= Some(1));
    assert_eq!(n_of("--background", demo_run().join("model")).0, n_features);
}

#[test]
fn conventions_of_gseapy() {
    let folder = Folder::new();
    folder.with_background("genes.txt", "sets.gmt").args(["--ora-compatibility", "gseapy"]).assert().success();
    assert_eq!(folder.rows().len(), 1, "sets that share no gene are left out");
}

#[test]
fn the_trap_is_told() {
    let folder = Folder::new();
    folder.refuses(folder.enrich("genes.txt", "sets.gmt"), &["--model FOLDER (or --background) is needed", "20,000"]);
    let warned = stderr_of(folder.enrich("genes.txt", "sets.gmt").args(["--background", "20000"]));
    assert!(warned.contains("warning: a background of 20000 genes whatever their names"), "{warned}");
}

#[test]
fn whole_rankings_by_gsea() {
    let folder = Folder::new();
    let gsea = |input: &str, more: &[&str]| json_of(folder.enrich(input, "sets.gmt").arg("--gsea").args(more));
    let json = gsea("ranked.csv", &["--context", "B cells"]);
    assert_eq!(json["lists"][0]["n_tested"], 3);
    assert_eq!(folder.header(), "context,target,term,es,nes,p_value,fdr,size,leading_edge");
    let scores = |rows: &[Vec<String>]| rows.iter().map(|row| (row[2].clone(), row[3].clone())).collect::<Vec<_>>();
    let of_table = folder.rows();
    let top = of_table.iter().find(|row| row[2].starts_with("top")).unwrap();
    assert_eq!((top[3].parse::<f64>().unwrap(), top[7].as_str()), (1.0, "20"));

    let ranking: String = (0..100).rev().map(|gene| format!("G{gene}\t{}\n", 100 - gene)).collect();
    folder.write("ranking.rnk", &format!("# gene, score\n{ranking}"));
    gsea("ranking.rnk", &[]);
    assert_eq!(scores(&folder.rows()), scores(&of_table));
    gsea("ranking.rnk", &["--seed", "7"]);
    assert_ne!(folder.rows(), of_table, "the seed changes nothing");
    folder.with_background("ranking.rnk", "sets.gmt").assert().success();
    assert_eq!(folder.rows()[0][9], "G0;G1;G2;G3;G4");

    fs::remove_file(folder.path("out.csv")).unwrap();
    let with = |input: &str, more: &[&str]| {
        let mut command = folder.enrich(input, "sets.gmt");
        command.arg("--gsea").args(more);
        command
    };
    folder.refuses(with("genes.txt", &[]), &["--gsea needs scores"]);
    folder.refuses(with("ranked.csv", &["--background", "20000"]), &["cannot be used with"]);
    folder.refuses(with("ranked.csv", &["--gsea-n-permutations", "0"]), &["--gsea-n-permutations 0 is out of range"]);
    folder.write("ranking.rnk", "G1\t1\nG2\tlow\n");
    folder.refuses(with("ranking.rnk", &[]), &["line 2 is not a gene, a tab and a number: \"G2 low\""]);
}

#[test]
fn gene_sets_that_are_not_as_they_should_be() {
    let folder = Folder::new();
    let refuses = |gmt: &str, expected: &[&str]| {
        folder.write("bad.gmt", gmt);
        folder.refuses(folder.with_background("ranked.csv", "bad.gmt"), expected);
    };
    refuses("top,,G0,G1,G2\n", &["bad.gmt: line 1 of the GMT file has commas where tabs belong"]);
    refuses("just a text\n", &["this is no GMT file"]);
    refuses("empty\t\t\n", &["no gene set with genes"]);
    refuses("", &["no gene set"]);
    refuses("ids\t\tENSG00000167286\tENSG00000198851\n", &["G0, G1", "ENSG00000167286", "gene symbols", "Ensembl"]);
    refuses("lower\t\tg0\tg1\tg2\tg3\tg4\tg5\n", &["capital and small letters"]);
    refuses("small\t\tG0\tG1\n", &["none of the 1 gene sets is eligible"]);
    folder.refuses(folder.with_background("ranked.csv", "none.gmt"), &["none.gmt: cannot be read"]);

    let set = "G0\tG1\tG2\tG3\tG4\tG5";
    folder.write("odd.gmt", &format!("a\t\t{set}\tG0\nb\t\t\na\t\tG6\nc\t\t{set}\nc\t\t{set}\n"));
    let warned = stderr_of(&mut folder.with_background("ranked.csv", "odd.gmt"));
    for expected in
        ["line 1: \"a\" repeats genes", "line 2: \"b\" has no genes", "\"a\" stood there before", "1 more notes"]
    {
        assert!(warned.contains(expected), "{expected:?} is not in:\n{warned}");
    }
}

#[test]
fn genes_and_backgrounds_that_are_not_as_they_should_be() {
    let folder = Folder::new();
    let refuses = |input: &str, more: &[&str], expected: &[&str]| {
        let mut command = folder.with_background(input, "sets.gmt");
        command.args(more);
        folder.refuses(command, expected);
    };
    refuses("ranked.csv", &["--context", "b cells"], &["--context b cells: not in the table, which has: 'B cells', "]);
    refuses("ranked.csv", &["--target", "neuron 33"], &["--target neuron 33", "'neuron 3'"]);
    refuses("ranked.csv", &["--top", "3", "--top-fraction", "0.1"], &["cannot be used with"]);
    refuses("ranked.csv", &["--top-fraction", "1.5"], &["above 0, up to 1"]);
    refuses("ranked.csv", &["--ora-min-size", "0"], &["--ora-min-size 0 is out of range"]);
    refuses("genes.txt", &["--context", "B cells"], &["this is no table"]);
    refuses("none.csv", &[], &["none.csv: cannot be read"]);
    folder.write("bad.csv", "gene,score\nG1,3\n");
    refuses("bad.csv", &[], &["has no column 'context'", "`concord attribute`"]);
    folder.write("empty.txt", "# nothing\n\n");
    refuses("empty.txt", &[], &["there are no genes in it"]);
    folder.write("other.txt", "ENSG00000167286\n");
    refuses("other.txt", &[], &["genes of the list", "Ensembl identifiers", "genes of the background", "gene symbols"]);
    folder.write("nan.csv", &fs::read_to_string(folder.path("ranked.csv")).unwrap().replace(",G7,93,", ",G7,NaN,"));
    refuses("nan.csv", &[], &["the importance of G7 for B cells, neuron 3 is NaN"]);
    let header = "context,target,rank,gene,importance,mean_expression,nonzero_fraction,difference";
    folder.write("same.csv", &format!("{header}\na,b,1,G1,1,1,1,0\n"));
    refuses("same.csv", &[], &["no list has genes that stand out"]);

    let of = |background: &str| {
        let mut command = folder.enrich("genes.txt", "sets.gmt");
        command.args(["--background", background]);
        command
    };
    folder.refuses(of("nowhere"), &["--background nowhere: no such file or folder"]);
    folder.refuses(of("0"), &["--background 0"]);
    folder.refuses(of(folder.0.path().to_str().unwrap()), &["no model can be read", "config.json"]);
    let mut command = concord(&["enrich"]);
    command.arg(folder.path("genes.txt")).arg("--gmt").arg(folder.path("sets.gmt")).args(["--background", "100"]);
    fails(command.arg("-o").arg(folder.path("genes.txt")), &["would be replaced"]);
}

#[test]
fn gives_the_same_bytes_for_any_number_of_threads() {
    let folder = Folder::new();
    let of_threads = |n_threads: &str| {
        folder.enrich("ranked.csv", "sets.gmt").args(["--gsea", "--threads", n_threads]).assert().success();
        fs::read(folder.path("out.csv")).unwrap()
    };
    assert!(of_threads("1") == of_threads("3"));
}
