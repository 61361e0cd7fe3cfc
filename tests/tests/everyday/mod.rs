//! To-dos and dashboards.

mod dashboards;
