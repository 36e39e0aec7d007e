//! `report.html`, of a run and of `concord report`.
