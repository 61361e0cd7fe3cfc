//! What people meet every day.

mod dashboards;
