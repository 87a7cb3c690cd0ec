package tui

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// script plays flows on the real engine with actions that do nothing but
// tell. It has no clock of its own unless pace is set.
type script struct {
	pace     time.Duration            // how long a step takes; 0 for tests
	fail     map[string]error         // the steps that fail, always
	once     map[string]error         // the steps that fail the first time
	hold     map[string]chan struct{} // the steps that wait until it is closed
	blocker  bool                     // the check finds a blocker
	findings *steps.Gate              // what the check asks in place of the sample
	changes  *steps.Gate              // what the review asks in place of the sample
	mu       sync.Mutex
	did      []string
	answered map[string]steps.Answer
}

func newScript() *script {
	return &script{fail: map[string]error{}, once: map[string]error{}, hold: map[string]chan struct{}{}, answered: map[string]steps.Answer{}}
}

func (s *script) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, what)
}

// log is what was done and undone so far.
func (s *script) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.did...)
}

// act is one scripted step.
type act struct {
	s       *script
	id      string
	do      func(context.Context, *steps.Run) error
	manual  []string
	retried bool
}

func (a act) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("a script proves nothing"), nil
}

func (a act) Do(ctx context.Context, r *steps.Run) error {
	a.s.note("do " + a.id)
	if hold := a.s.hold[a.id]; hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := a.do(ctx, r); err != nil {
		return err
	}
	a.s.mu.Lock()
	err := a.s.once[a.id]
	delete(a.s.once, a.id)
	a.s.mu.Unlock()
	return errors.Join(err, a.s.fail[a.id])
}

func (a act) Retriable() bool { return a.retried }

// undoable is an act that can be taken back.
type undoable struct{ act }

func (u undoable) Undo(_ context.Context, r *steps.Run) error {
	u.s.note("undo " + u.id)
	u.s.sleep(context.Background(), u.s.pace)
	return u.s.fail["undo "+u.id]
}

func (u undoable) Manual(*steps.Run) []string { return u.manual }

func (s *script) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// work tells progress and output for as long as the pace says.
func (s *script) work(ctx context.Context, r *steps.Run, label string, unit progress.Unit, total int64, lines ...string) error {
	const parts = 40
	for i := int64(0); i <= parts; i++ {
		r.Progress(label, unit, total*i/parts, total)
		if n := int64(len(lines)); n > 0 && i*n/parts != (i-1)*n/parts && i < parts {
			r.Output(lines[i*n/parts])
		}
		s.sleep(ctx, s.pace/parts)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (s *script) upgrade() steps.Flow {
	step := func(id, title string, phase steps.Phase, do func(context.Context, *steps.Run) error) steps.Step {
		a := act{s: s, id: id, do: do, retried: id == "start"}
		out := steps.Step{ID: id, Title: title, Phase: phase, Action: a}
		if phase == steps.Cutover {
			out.Action = undoable{a}
		}
		if id == "switch" {
			out.Action = undoable{act{s: s, id: id, do: do, manual: []string{
				"mv /srv/newsroom/node_modules /srv/newsroom/.bunnyhop/failed", "mv /srv/newsroom/.bunnyhop/old/node_modules /srv/newsroom/node_modules",
			}}}
		}
		return out
	}
	return steps.Flow{ID: "upgrade", Title: "Upgrade", Steps: []steps.Step{
		step("inspect", "Inspect the project", steps.Prepare, s.inspect),
		step("choose", "Choose the version", steps.Prepare, s.choose),
		step("check", "Check what it means for this project", steps.Prepare, s.check),
		step("backup", "Back up", steps.Prepare, s.backup(facts.BackedUp)),
		step("prove", "Prove the backup", steps.Prepare, s.prove),
		step("stage", "Install beside the old version", steps.Prepare, s.stage),
		step("rehearse", "Rehearse on the copy", steps.Prepare, s.rehearse),
		step("review", "Review the changes", steps.Prepare, s.review),
		step("stop", "Stop the server", steps.Cutover, s.stop),
		step("final-backup", "Back up what came since", steps.Cutover, s.backup(facts.FinalBack)),
		step("switch", "Switch the code", steps.Cutover, s.summary("4 renames")),
		step("migrate", "Migrate the database", steps.Cutover, s.migrate),
		step("apply", "Apply your decisions", steps.Cutover, s.summary("2 changes written")),
		step("start", "Start the server", steps.Cutover, s.start),
		step("verify", "Verify", steps.Finish, s.verify),
		step("report", "Report", steps.Finish, s.report),
	}, Result: func(*steps.Run) map[string]any {
		return map[string]any{"from": "10.13.4", "to": "11.17.4", "backup": "/var/backups/bunnyhop/newsroom-20261021-140502", "downtime_seconds": 21.4}
	}}
}

func (s *script) rollback() steps.Flow {
	step := func(id, title string, phase steps.Phase, do func(context.Context, *steps.Run) error) steps.Step {
		a := act{s: s, id: id, do: do}
		if phase == steps.Cutover {
			return steps.Step{ID: id, Title: title, Phase: phase, Action: undoable{a}}
		}
		return steps.Step{ID: id, Title: title, Phase: phase, Action: a}
	}
	return steps.Flow{ID: "rollback", Title: "Roll back", Steps: []steps.Step{
		step("inspect", "Inspect the project", steps.Prepare, s.inspect),
		step("confirm", "Confirm", steps.Prepare, s.confirm),
		step("save", "Save what was written since", steps.Prepare, s.summary("48 MB")),
		step("stop", "Stop the server", steps.Cutover, s.stop),
		step("switch", "Switch the code back", steps.Cutover, s.summary("4 renames")),
		step("restore", "Restore the database", steps.Cutover, s.summary("31 tables, 12,004 rows")),
		step("start", "Start the server", steps.Cutover, s.start),
		step("verify", "Verify", steps.Finish, s.verify),
		step("report", "Report", steps.Finish, s.report),
	}}
}

func (s *script) summary(text string) func(context.Context, *steps.Run) error {
	return func(ctx context.Context, r *steps.Run) error {
		s.sleep(ctx, s.pace)
		r.Summary("%s", text)
		return nil
	}
}

func (s *script) inspect(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "looking at tables", progress.Tables, 31); err != nil {
		return err
	}
	r.Summary("Directus 10.13.4 on SQLite")
	return facts.Inspected.Set(r, sampleInspection())
}

func (s *script) choose(ctx context.Context, r *steps.Run) error {
	answer, err := r.Ask(ctx, sampleChoose())
	if err != nil {
		return err
	}
	s.answer("choose", answer)
	r.Summary("%s", answer.Choice)
	return facts.Chosen.Set(r, sampleTarget())
}

func (s *script) answer(gate string, a steps.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered[gate] = a
}

func (s *script) check(ctx context.Context, r *steps.Run) error {
	gate := sampleFindings(s.blocker)
	if s.findings != nil {
		gate = *s.findings
	}
	answer, err := r.Ask(ctx, gate)
	if err != nil {
		return err
	}
	s.answer("check", answer)
	r.Summary("2 warnings acknowledged")
	return facts.Checked.Set(r, facts.Findings{Findings: gate.Findings, Acknowledged: answer.Acknowledged, Overridden: answer.Overrides})
}

func (s *script) backup(slot steps.Slot[facts.Backup]) func(context.Context, *steps.Run) error {
	return func(ctx context.Context, r *steps.Run) error {
		if err := s.work(ctx, r, "database", progress.Bytes, 48_210_944); err != nil {
			return err
		}
		if err := s.work(ctx, r, "files", progress.Bytes, 1_204_771_002); err != nil {
			return err
		}
		b := sampleBackup()
		r.Summary("%s", size(b.Bytes))
		return slot.Set(r, b)
	}
}

func (s *script) prove(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "comparing tables", progress.Tables, 31, "directus_users: 5 rows, equal", "articles: 312 rows, equal", "authors: 14 rows, equal"); err != nil {
		return err
	}
	r.Summary("31 tables, 12,004 rows")
	return facts.ProvedBy.Set(r, sampleProof())
}

func (s *script) stage(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "npm install", progress.Steps, 0, sampleInstallLog()...); err != nil {
		return err
	}
	r.Summary("directus 11.17.4")
	return facts.Staged.Set(r, sampleStage())
}

func (s *script) rehearse(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "migrating the copy", progress.Steps, 14, "Applying Drop Template Table...", "Applying Access Policies...", "Done in 1.9 s"); err != nil {
		return err
	}
	r.Summary("14 migrations in 1.9 s")
	return facts.Rehearsed.Set(r, sampleRehearsal())
}

func (s *script) review(ctx context.Context, r *steps.Run) error {
	gate := sampleReview()
	if s.changes != nil {
		gate = *s.changes
	}
	answer, err := r.Ask(ctx, gate)
	if err != nil {
		return err
	}
	s.answer("review", answer)
	r.Summary("decided")
	return facts.Reviewed.Set(r, facts.Review{Changes: gate.Changes, Decisions: answer.Decisions})
}

func (s *script) stop(ctx context.Context, r *steps.Run) error {
	s.sleep(ctx, s.pace)
	r.Summary("pm2 stop newsroom")
	return facts.Stopping.Set(r, facts.Stop{Running: true, Kind: "pm2"})
}

func (s *script) migrate(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "migrating", progress.Steps, 14, "Applying Drop Template Table...", "Applying Access Policies...", "Done in 1.9 s"); err != nil {
		return err
	}
	r.Summary("14 applied")
	return facts.Migrated.Set(r, facts.Migration{Applied: sampleMigrations(), Seconds: 1.9})
}

func (s *script) start(ctx context.Context, r *steps.Run) error {
	if err := s.work(ctx, r, "waiting for the first answer", progress.Seconds, 0, "Server started at http://0.0.0.0:8055"); err != nil {
		return err
	}
	r.Summary("answered after 8.1 s")
	return facts.Started.Set(r, facts.Start{DowntimeSeconds: 21.4, Version: "11.17.4", PID: 4711})
}

func (s *script) verify(ctx context.Context, r *steps.Run) error {
	s.sleep(ctx, s.pace)
	r.Summary("7 of 7")
	return facts.Verified.Set(r, sampleVerification())
}

func (s *script) report(ctx context.Context, r *steps.Run) error {
	return facts.Summarised.Set(r, sampleReport())
}

func (s *script) confirm(ctx context.Context, r *steps.Run) error {
	answer, err := r.Ask(ctx, sampleConfirm())
	if err != nil {
		return err
	}
	s.answer("confirm", answer)
	return nil
}

func sampleConfirm() steps.Gate {
	return steps.Gate{
		ID: "confirm", Kind: steps.GateConfirm, Title: "Roll back to 10.13.4?", Confirm: "newsroom", Destructive: true,
		Text: "The database goes back to what it was on 21 October at 14:05.\nWritten since then, and saved aside before it is taken out:\n\n  articles      3 rows\n  directus_files  1 row",
	}
}

func sampleInspection() facts.Inspection {
	recorded := make([]string, 84)
	for i := range recorded {
		recorded[i] = fmt.Sprintf("202%05dA", i)
	}
	return facts.Inspection{
		Name: "newsroom", Root: "/srv/newsroom", Installation: "npm", Installed: "10.13.4", Declared: "^10.13.0", Running: "10.13.4",
		Recorded: recorded, Vendor: "SQLite", ServerVersion: "3.46.0", Database: "data.db", DatabaseBytes: 48_210_944, Users: 5, Collections: 12,
		Storage:    []facts.Storage{{Name: "local", Driver: "local", Root: "./uploads", Files: 5204, Bytes: 1_204_771_002, Rows: 5201}},
		Extensions: []facts.Extension{{Name: "directus-extension-wordcount", Type: "interface", Version: "1.4.0", Host: "^10.0.0"}, {Name: "newsroom-hooks", Type: "hook", Problem: "its package.json names no host version"}},
		Server:     facts.Server{Kind: "pm2", Description: "pm2: newsroom", Running: true}, Node: "20.19.4",
	}
}

func sampleChoose() steps.Gate {
	return steps.Gate{ID: "choose", Kind: steps.GateChoose, Title: "Which version?", Flag: "--to", Choices: []steps.Choice{
		{ID: "12.4.1", Title: "12.4.1", Detail: "published 2 days ago\nneeds Node 22\n22 migrations", Disabled: "@directus/sdk 23.0.2 is not in the registry"},
		{ID: "12.4.0", Title: "12.4.0", Detail: "needs Node 22 (fetched for it)\n22 migrations\nloses: custom permission rules need a licence from 12.0 on"},
		{ID: "11.17.4", Title: "11.17.4", Default: true, Detail: "the newest on which nothing that this project uses is lost\nneeds Node 22 (fetched for it)\n14 migrations"},
		{ID: "11.16.0", Title: "11.16.0", Detail: "needs Node 22 (fetched for it)\n14 migrations"},
		{ID: "11.0.2", Title: "11.0.2", Detail: "needs Node 20\n5 migrations", Disabled: "its access migration is known to fail on SQLite"},
		{ID: "10.13.5", Title: "10.13.5", Detail: "needs Node 20\nno migrations"},
	}}
}

func sampleTarget() facts.Target {
	return facts.Target{From: "10.13.4", To: "11.17.4", Reason: "the newest on which nothing that this project uses is lost", NodeMajor: []int{22}, Pending: sampleMigrations()}
}

func sampleMigrations() []string {
	return []string{
		"20240806A permissions policies", "20240817A update icon fields length", "20240909A separate comments", "20240909B consolidate content versioning",
		"20240924A migrate legacy comments", "20240924B populate versioning deltas", "20250224A visual editor", "20250609A license banner",
		"20250613A add project id", "20250718A add direction", "20250813A add mcp", "20251012A add field searchable", "20251014A add project owner", "20251028A add retention indexes",
	}
}

func sampleFindings(blocker bool) steps.Gate {
	all := []advisory.Finding{
		{
			ID: "11.0-policies", Severity: advisory.Warning, Version: "11.0.0", Title: "Permissions move from roles to policies",
			Evidence: []string{"3 roles with 41 permissions", "each becomes a policy of the same name"}, Remedy: "Nothing to do. After the upgrade compare who may do what; the rehearsal lists every difference.",
			Source: "Directus 11.0.0 release notes",
		},
		{
			ID: "11.0-node-22", Severity: advisory.Warning, Version: "11.0.0", Title: "Node 20 is too old for the target",
			Evidence: []string{"Node 20.19.4 runs the project now"}, Remedy: "Node 22 is fetched and used for this project; the Node of the machine stays as it is.", Source: "package.json of directus 11.17.4, engines",
		},
		{ID: "10.13-extension-host", Severity: advisory.Note, Title: "One extension names no host version", Evidence: []string{"newsroom-hooks"}, Remedy: "It is loaded in the rehearsal, and you are told whether it works."},
	}
	if blocker {
		all = append([]advisory.Finding{
			{
				ID: "12.0-custom-permissions", Severity: advisory.Blocker, Version: "12.0.0", Title: "Custom permission rules are dropped without a licence", LosesFunction: true,
				Evidence: []string{"7 rules with filters on articles, authors and pages", "no licence key is set"}, Remedy: "Choose 11.17.4, or set a licence key first.", Source: "Directus 12.0.0 release notes",
			},
			{
				ID: "x-database-newer", Severity: advisory.Blocker, Title: "The database is newer than the code", Remedy: "Install the version that wrote it first.",
				Evidence: []string{"20251028A is recorded, and not in 10.13.4"}, NeverOverridable: true,
			},
		}, all...)
	}
	return steps.Gate{ID: "check", Kind: steps.GateFindings, Title: "What the new version means here", Findings: all, Flag: "--override"}
}

func sampleBackup() facts.Backup {
	return facts.Backup{ID: "newsroom-20261021-140502", Dir: "/var/backups/bunnyhop/newsroom-20261021-140502", Bytes: 1_253_104_120, Parts: []facts.BackupPart{
		{Name: "database", Included: true, Files: 1, Bytes: 48_210_944},
		{Name: "files", Included: true, Files: 5204, Bytes: 1_204_771_002},
		{Name: "extensions", Included: false, Reason: "the folder is empty"},
		{Name: "config", Included: true, Files: 4, Bytes: 122_174},
	}}
}

func sampleProof() facts.BackupProof {
	return facts.BackupProof{Backup: "newsroom-20261021-140502", At: time.Date(2026, 10, 21, 14, 6, 12, 0, time.Local), Tables: 31, Rows: 12004}
}

func sampleInstallLog() []string {
	return []string{
		"$ npm install --no-audit --no-fund directus@11.17.4", "npm warn deprecated inflight@1.0.6: This module is not supported", "npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported",
		"added 1287 packages in 48s", "$ node -e \"require('isolated-vm')\"", "isolated-vm loads under Node 22.23.3",
	}
}

func sampleStage() facts.Stage {
	return facts.Stage{
		Dir: "/srv/.bunnyhop-newsroom/11.17.4", Version: "11.17.4", NodeVers: "22.23.3", Node: "/home/ada/.cache/bunnyhop/node-22.23.3/bin/node",
		Modules: []string{"isolated-vm", "sqlite3", "argon2"},
	}
}

func sampleRehearsal() facts.Rehearsal {
	return facts.Rehearsal{
		Migrations: sampleMigrations(), MigrateSeconds: 1.9, BootSeconds: 8.1, Version: "11.17.4", Extensions: []string{"directus-extension-wordcount", "newsroom-hooks"},
		SideEffectsOff: []string{"flows", "mail", "cache", "telemetry", "WebSockets", "storage"}, Warnings: []string{"newsroom-hooks: ServiceUnavailable is deprecated"},
	}
}

func sampleReview() steps.Gate {
	var all []change.Change
	for i, m := range sampleMigrations()[:4] {
		all = append(all, change.Change{
			ID: "migration:" + m[:9], Group: "Migrations", Title: m, Risk: change.Caution, Locked: "it comes with the version; reject it by choosing another one",
			Detail: "Runs once during the cutover.", Undo: "restoring the final backup", Recommended: true,
		})
		if i == 0 {
			all[0].Detail = "Creates directus_policies and directus_access, and moves every permission from its role to a policy."
		}
	}
	return steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Flag: "--decisions", Changes: append(
		all,
		change.Change{
			ID: "file:package.json", Group: "package.json", Title: "directus ^10.13.0 → 11.17.4", Risk: change.Safe, Recommended: true, Undo: "renaming the old file back",
			Detail: "The version that npm installs.", Before: "{\n  \"name\": \"newsroom\",\n  \"dependencies\": {\n    \"directus\": \"^10.13.0\",\n    \"pg\": \"8.11.0\"\n  }\n}\n", After: "{\n  \"name\": \"newsroom\",\n  \"dependencies\": {\n    \"directus\": \"11.17.4\",\n    \"pg\": \"8.11.0\"\n  }\n}\n",
		},
		change.Change{ID: "file:package-lock.json", Group: "package.json", Title: "package-lock.json is written anew", Risk: change.Safe, Recommended: true, Requires: []string{"file:package.json"}, Detail: "1,287 packages."},
		change.Change{ID: "env:IP_TRUST_PROXY", Group: ".env", Title: "IP_TRUST_PROXY", Risk: change.Caution, Recommended: true, After: "true", Detail: "From 12.0 on the default is false. The line keeps what holds now."},
		change.Change{ID: "env:CACHE_STORE", Group: ".env", Title: "CACHE_STORE", Risk: change.Destructive, Before: "memcache", After: "memory", Detail: "memcache was dropped in 10.0 and is ignored since."},
	)}
}

func sampleVerification() facts.Verification {
	return facts.Verification{Checks: []facts.Check{
		{Name: "version", OK: true, Detail: "the server says 11.17.4"},
		{Name: "migrations", OK: true, Detail: "98 recorded, none pending"},
		{Name: "tables", OK: true, Detail: "14 user tables, 11,402 rows: equal to before"},
		{Name: "files", OK: true, Detail: "50 of 5,204 read: equal to before"},
		{Name: "extensions", OK: true, Detail: "2 loaded, as before"},
		{Name: "logins", OK: true, Detail: "5 users can log in as before"},
		{Name: "access", OK: true, Detail: "41 rules: nobody may do more or less"},
	}}
}

func sampleReport() facts.Report {
	return facts.Report{
		Lines: []string{"14 migrations were applied", "2 changes to project files were written, 1 was left out", "14 user tables are equal to before, row by row", "the server answers with 11.17.4"},
		Next:  []string{"bunnyhop rollback   takes the upgrade back", "bunnyhop backup prune   removes old backups"}, Backup: "/var/backups/bunnyhop/newsroom-20261021-140502", Downtime: 21.4,
	}
}

func sampleFailure() error {
	return &fault.Error{What: "migration 20240806A failed: SQLITE_CONSTRAINT: NOT NULL constraint failed: directus_access.policy", State: "the database is half migrated; the final backup is complete", Hint: "roll back; then look at the role \"editors\", which has no permissions"}
}
