-- A history as version 5 of its tables had it: that of version 1, its log a row a line, with facts and a recording of a device.
PRAGMA journal_mode = WAL;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_s REAL,
    adb_s REAL,
    error_code TEXT,
    error_message TEXT,
    screenshot_url TEXT,
    detail TEXT NOT NULL,
    UNIQUE (step, attempt)
);
INSERT INTO "attempts" VALUES(1,1,1,'emulator-5554','completed',1737972001000,1737972004000,1.0,NULL,NULL,NULL,NULL,'{"attempt":1,"status":"completed","started_at":"2025-01-27T10:00:01.000Z","ended_at":"2025-01-27T10:00:04.000Z","duration_seconds":1.0,"actions":[{"path":["tap"],"status":"completed","duration_seconds":0.5,"timestamp":"2025-01-27T10:00:03.000Z"}]}');
INSERT INTO "attempts" VALUES(2,2,1,'192.168.1.5:5555','failed',1737972005000,1737972006000,1.0,NULL,'ASSERTION_FAILED','no',NULL,'{"attempt":1,"status":"failed","started_at":"2025-01-27T10:00:05.000Z","ended_at":"2025-01-27T10:00:06.000Z","duration_seconds":1.0,"error_code":"ASSERTION_FAILED","error_message":"no"}');
INSERT INTO "attempts" VALUES(3,2,2,'192.168.1.5:5555','completed',1737972007000,1737972009000,1.0,NULL,NULL,NULL,NULL,'{"attempt":2,"status":"completed","started_at":"2025-01-27T10:00:07.000Z","ended_at":"2025-01-27T10:00:09.000Z","duration_seconds":1.0}');
CREATE TABLE device_facts (
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (execution, device_id)
) WITHOUT ROWID;
INSERT INTO "device_facts" VALUES(1,'emulator-5554','{"model":"Virtual Phone"}');
CREATE TABLE device_statuses (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    status TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL UNIQUE,
    name TEXT,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    duration_s REAL,
    total_steps INTEGER NOT NULL,
    successful_steps INTEGER NOT NULL,
    failed_steps INTEGER NOT NULL,
    skipped_steps INTEGER NOT NULL,
    devices TEXT NOT NULL,
    made_up INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL
, kept_at INTEGER);
INSERT INTO "executions" VALUES(1,'550e8400-e29b-41d4-a716-446655440000',NULL,'completed',1737972001000,1737972010000,9.0,2,2,0,0,'emulator-5554, 192.168.1.5:5555',0,'{"type":"execution_state","execution_id":"550e8400-e29b-41d4-a716-446655440000","status":"completed","progress_percentage":0,"current_step":null,"devices":[{"device_id":"emulator-5554","status":"available","last_seen":"2025-01-27T10:00:00.000Z"},{"device_id":"192.168.1.5:5555","status":"available","last_seen":"2025-01-27T10:00:00.000Z"}],"steps":[],"errors":[],"paused":[],"pauses":[],"name":null,"continues":null,"started_at":"2025-01-27T10:00:01.000Z","duration_seconds":9.0,"report_url":"/r","timestamp":"2025-01-27T10:00:10.000Z"}',NULL);
CREATE TABLE log_chunks (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    first_id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    step_id TEXT,
    attempt INTEGER,
    level TEXT NOT NULL,
    message TEXT NOT NULL
, source TEXT);
INSERT INTO "logs" VALUES(1,1,1737972002000,'emulator-5554','call_test_module',NULL,NULL,'INFO','it''s the first line',NULL);
INSERT INTO "logs" VALUES(2,1,1737972008000,'192.168.1.5:5555','sms_test_module',NULL,NULL,'INFO','二',NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('generation','0');
INSERT INTO "meta" VALUES('id','fda61191-1f0b-4bae-9eb2-2114f3350deb');
CREATE TABLE recordings (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    marks BLOB NOT NULL,
    UNIQUE (execution, device_id)
);
INSERT INTO "recordings" VALUES(1,1,'emulator-5554',1737972001000,1737972005000,2,1000,X'789C8B8E36D431343736B7343732303034303088D50189980219B1005C05066A');
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    step_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    params TEXT,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_s REAL,
    error_code TEXT,
    flaky INTEGER NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (execution, step_id)
);
INSERT INTO "steps" VALUES(1,1,0,'550e8400-e29b-41d4-a716-000000000000','emulator-5554','call_test_module',NULL,'completed',1,1737972001000,1737972004000,1.0,NULL,0,'{"step_id":"550e8400-e29b-41d4-a716-000000000000","device_id":"emulator-5554","module_id":"call_test_module","status":"completed","attempts":[]}');
INSERT INTO "steps" VALUES(2,1,1,'550e8400-e29b-41d4-a716-000000000001','192.168.1.5:5555','sms_test_module',NULL,'completed',2,1737972007000,1737972009000,1.0,NULL,1,'{"step_id":"550e8400-e29b-41d4-a716-000000000001","device_id":"192.168.1.5:5555","module_id":"sms_test_module","status":"completed","attempts":[]}');
CREATE INDEX executions_started ON executions (started_at);
CREATE INDEX executions_live ON executions (id) WHERE status IN ('pending', 'running');
CREATE INDEX steps_in_order ON steps (execution, number);
CREATE INDEX device_statuses_execution ON device_statuses (execution);
CREATE INDEX log_chunks_execution ON log_chunks (execution, first_id);
CREATE INDEX logs_execution ON logs (execution);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('logs',2);
INSERT INTO "sqlite_sequence" VALUES('executions',1);
INSERT INTO "device_statuses" VALUES(1,1,'emulator-5554','busy',1737972002000);
COMMIT;
