DROP TABLE employee_search_version;
DROP TABLE employee_search;
