//! Which gene sets (pathways, GO terms) stand out in a list or a ranking of genes, offline, from any GMT file.
//!
//! [`parse_gmt`] reads gene sets from the text of a file. [`over_representation`] asks whether a list of genes shares
//! more genes with a set than chance would have it; [`prerank`] asks whether the genes of a set gather at one end of a
//! ranking; [`above_quantile`] takes the top of a ranking as a list. Both tests correct for the number of sets tested, and
//! both can follow gseapy 1.3.1 to the letter ([`Compatibility::Gseapy`]). The same input and seed give the same bytes for
//! any number of threads.
//!
//! # The background decides
//! A gene list was chosen among some genes, and only those could get into it. Genes that were never candidates make sets
//! look enriched, because candidates (here: the input genes of a model, chosen because they vary) are no random sample
//! of all genes. The trap: 2,000 candidates hold half of the 200 genes of a set, as they would of genes that tell cell
//! types apart. A list of 100 candidates shares 5 genes with the set, exactly what chance alone would give; against a
//! background of 20,000 genes that is a discovery.
//!
//! ```
//! use concord_enrich::{Background, EnrichError, GeneSet, OraConfig, over_representation};
//!
//! let candidates: Vec<String> = (0..2_000).map(|i| format!("G{i}")).collect();
//! let list: Vec<&String> = candidates.iter().step_by(20).collect();
//! // 5 genes of the list, 95 other candidates, 100 genes that are no candidates.
//! let shared = (0..5).map(|i| format!("G{}", 400 * i));
//! let others = (0..95).map(|i| format!("G{}", 20 * i + 1));
//! let outside = (0..100).map(|i| format!("H{i}"));
//! let genes = shared.chain(others).chain(outside).collect();
//! let sets = [GeneSet { name: "immune response".into(), description: String::new(), genes }];
//!
//! let p_value = |background| -> Result<f64, EnrichError> {
//!     let config = OraConfig { background, ..OraConfig::default() };
//!     Ok(over_representation(&list, &sets, &config)?.terms[0].p_value)
//! };
//! assert!(p_value(Background::Genes(candidates.clone()))? > 0.5);
//! assert!(p_value(Background::Number(20_000))? < 0.005);
//! # Ok::<(), EnrichError>(())
//! ```

mod compatibility;
mod correction;
mod error;
mod gmt;
mod hypergeometric;
mod identifiers;
mod ora;
mod prerank;
mod top;

pub use compatibility::Compatibility;
pub use correction::benjamini_hochberg;
pub use error::EnrichError;
pub use gmt::{GeneSet, Gmt, GmtNote, parse_gmt};
pub use identifiers::{IdentifierKind, Identifiers};
pub use ora::{Background, EnrichedTerm, EnrichmentTable, OraConfig, over_representation};
pub use prerank::{PrerankConfig, PrerankTable, RankedTerm, prerank};
pub use top::above_quantile;
