"""Writes gseapy.json: made-up genes and sets, and what gseapy's `enrich` and `prerank` say of them.

Python 3.11 with the packages pinned in requirements.txt beside this file; run it in this directory.
"""

import json
import logging

import gseapy
import numpy as np
import pandas as pd

N_GENES = 400
N_PERMUTATIONS = 20_000

logging.disable(logging.WARNING)


def inputs():
    """A ranking with ties in neither score nor name, and sets that lean to its top, its bottom, or nowhere."""
    rng = np.random.default_rng(11)
    genes = [f"GENE{i}" for i in range(N_GENES)]
    scores = np.sort(rng.normal(0.2, 1.0, N_GENES))[::-1]
    sets = {}
    for i in range(40):
        lean = [2.5, -2.5, 0.0, 1.0][i % 4]
        weight = np.exp(lean * scores / 2)
        size = int(rng.integers(4, 60))
        members = list(rng.choice(genes, size, replace=False, p=weight / weight.sum()))
        # Genes that are not in the ranking, and not in the background either.
        members += [f"OTHER{j}" for j in rng.choice(100, 3, replace=False)]
        sets[f"set {i:02}, lean {lean}"] = members
    sets["nothing in common"] = ["OTHER1", "OTHER2", "OTHER3", "OTHER4"]
    return genes, scores, sets


def enrich(genes, sets, background):
    table = gseapy.enrich(gene_list=genes, gene_sets=dict(sets), background=background, outdir=None).results
    columns = ["Term", "Overlap", "P-value", "Adjusted P-value", "Odds Ratio", "Combined Score"]
    rows = table[columns].values.tolist()
    return [row + [sorted(shared.split(";"))] for row, shared in zip(rows, table["Genes"])]


def prerank(genes, scores, sets, weight):
    ranking = pd.DataFrame({"gene": genes, "score": scores})
    table = gseapy.prerank(
        rnk=ranking, gene_sets=sets, outdir=None, min_size=5, max_size=50, weight=weight, seed=1, threads=1,
        permutation_num=N_PERMUTATIONS, no_plot=True,
    ).res2d
    columns = ["Term", "ES", "NES", "NOM p-val", "FDR q-val", "FWER p-val", "Tag %", "Gene %", "Lead_genes"]
    return table[columns].values.tolist()


def main():
    genes, scores, sets = inputs()
    chosen = genes[:45] + ["OTHER7", "NOWHERE"] + genes[200:215] + genes[:2]
    golden = {
        "versions": {"gseapy": gseapy.__version__, "numpy": np.__version__},
        "n_permutations": N_PERMUTATIONS,
        "ranking": [[gene, float(score)] for gene, score in zip(genes, scores)],
        "sets": sets,
        "list": chosen,
        "enrich": {
            "genes": enrich(chosen, sets, genes),
            "number": enrich(chosen, sets, 20_000),
            "gene-sets": enrich(chosen, sets, None),
        },
        "prerank": {str(weight): prerank(genes, scores, sets, weight) for weight in [1.0, 0.0, 1.5]},
    }
    with open("gseapy.json", "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
