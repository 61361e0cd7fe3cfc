DROP TABLE job_report;
