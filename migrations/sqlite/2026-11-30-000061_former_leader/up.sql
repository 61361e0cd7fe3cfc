-- Who answered for a participant before: a leader's result is blended from the team as it was.
CREATE TABLE former_leader (
    tenant_id BLOB NOT NULL,
    participant_id BLOB NOT NULL,
    employee_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, participant_id, employee_id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id)
) STRICT, WITHOUT ROWID;
