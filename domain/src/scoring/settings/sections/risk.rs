//! Settings of warnings.

use super::super::register::{Entry, Kind, Range, Text};
use super::{PERCENT, SHARE, decimal, section, whole};
use crate::core::number::Exact;

/// Progress relative to what is expected.
const SPI: Range = Range::new("0", "10");

section! {
    /// `risk.*`: warnings (part G).
    RiskSettings as "risk" {
        /// SPI, progress divided by expected progress, from which a goal is green.
        spi_green: Exact = decimal(90, 2);
            Kind::Decimal(SPI), "SPI: green", "进度指数：绿", "进度指数（SPI，实际进度与预期进度之比）达到此值为绿色。";
        /// SPI from which a goal is yellow.
        spi_yellow: Exact = decimal(75, 2);
            Kind::Decimal(SPI), "SPI: yellow", "进度指数：黄", "进度指数（SPI）达到此值为黄色。";
        /// SPI from which a goal is orange; below it is red.
        spi_orange: Exact = decimal(50, 2);
            Kind::Decimal(SPI), "SPI: orange", "进度指数：橙", "进度指数（SPI）达到此值为橙色，低于此值为红色。";
        /// Projected final progress from which a goal is green, 0 to 1.
        pf_green: Exact = decimal(95, 2);
            Kind::Decimal(SHARE), "Projection: green", "预计完成度：绿", "预计期末完成度达到此值为绿色，0 至 1。";
        /// Projected final progress from which a goal is yellow, 0 to 1.
        pf_yellow: Exact = decimal(80, 2);
            Kind::Decimal(SHARE), "Projection: yellow", "预计完成度：黄", "预计期末完成度达到此值为黄色，0 至 1。";
        /// Projected final progress from which a goal is orange, 0 to 1; below it is red.
        pf_orange: Exact = decimal(60, 2);
            Kind::Decimal(SHARE), "Projection: orange", "预计完成度：橙",
            "预计期末完成度达到此值为橙色，低于此值为红色，0 至 1。";
        /// Number of days after the start without a warning.
        grace_days: u32 = 7;
            Kind::Integer(0, 366), "Days of grace", "宽限天数", "开始后不发出预警的天数。";
        /// Share of the period without a warning, in percent.
        grace_pct: Exact = whole(10);
            Kind::Decimal(PERCENT), "Part of grace", "宽限比例", "期初不发出预警的部分占整个期间的百分比。";
        /// Share of the period after which pace is computed, in percent.
        pace_after_pct: Exact = whole(25);
            Kind::Decimal(PERCENT), "Pace from", "速度计算起点", "期间经过此百分比后才计算推进速度。";
        /// Number of days over which recent pace is measured.
        recent_days: u32 = 14;
            Kind::Integer(1, 366), "Days of recent pace", "近期速度天数", "计算近期推进速度所用的天数。";
        /// Days between check-ins of an objective.
        okr_cadence_days: u32 = 7;
            Kind::Integer(1, 366), "Cadence of check-ins", "进展汇报间隔", "目标（O）两次进展汇报之间的天数。";
        /// Number of days before its due date from which a task is upcoming.
        task_upcoming_days: u32 = 3;
            Kind::Integer(0, 366), "Task: upcoming", "任务：临近", "任务到期前此天数内视为临近。", no effect yet;
        /// Number of days late up to which a task is yellow.
        task_yellow_days: u32 = 3;
            Kind::Integer(0, 366), "Task: yellow", "任务：黄", "任务逾期不超过此天数为黄色。", no effect yet;
        /// Number of days late up to which a task is orange; above it is red.
        task_orange_days: u32 = 7;
            Kind::Integer(0, 366), "Task: orange", "任务：橙", "任务逾期不超过此天数为橙色，超过为红色。",
            no effect yet;
        /// Number of days after which the same warning is sent again.
        repeat_days: u32 = 7;
            Kind::Integer(1, 366), "Repetition", "重复预警间隔", "相同预警经过此天数后再次发送。", no effect yet;
        /// Number of better evaluations in a row that lower a level.
        better_evaluations: u32 = 2;
            Kind::Integer(1, 100), "Better evaluations", "降级所需次数", "连续好转此次数后预警才降级。",
            no effect yet;
    }
}
