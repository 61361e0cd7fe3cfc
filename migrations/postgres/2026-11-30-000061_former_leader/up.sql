-- Who answered for a participant before: a leader's result is blended from the team as it was.
CREATE TABLE former_leader (
    tenant_id UUID NOT NULL,
    participant_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, participant_id, employee_id),
    FOREIGN KEY (tenant_id, participant_id) REFERENCES participant (tenant_id, id),
    FOREIGN KEY (tenant_id, employee_id) REFERENCES employee (tenant_id, id)
);
ALTER TABLE former_leader ENABLE ROW LEVEL SECURITY;
ALTER TABLE former_leader FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON former_leader USING (tenant_id = current_setting('evenhand.tenant', true)::uuid);
