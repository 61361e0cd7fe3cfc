DROP TABLE former_leader;
