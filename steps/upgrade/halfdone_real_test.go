package upgrade_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/testbed"
)

// realHalts names the variable that makes TestMigrationKilledForReal kill
// Directus' own migration: "all" kills it before each statement of the policies
// step, any other text before a few; so does BUNNYHOP_CRASHES. Without either,
// the states that this left are made by hand; see TestHalfDoneMigration.
const realHalts = "BUNNYHOP_HALFDONE"

// halting counts the statements of the policies step, from the one that makes
// directus_policies on, writes them down, and never sends the one to halt at.
const halting = `const fs = require('fs'), path = require('path');
const Client = require(path.join(process.env.HALT_TREE, 'node_modules/knex/lib/client'));
const query = Client.prototype.query;
let n = 0;
Client.prototype.query = function (connection, sent) {
	const sql = String(sent && sent.sql || sent);
	if (n > 0 || /^create table.*directus_policies/i.test(sql)) {
		n++;
		fs.appendFileSync(process.env.HALT_LOG, n + ' ' + sql.replace(/\s+/g, ' ') + '\n');
		if (n === Number(process.env.HALT_AT) || process.env.HALT_BEFORE && new RegExp(process.env.HALT_BEFORE, 'i').test(sql)) {
			fs.writeFileSync(process.env.HALT_LOG + '.halted', sql);
			setInterval(() => {}, 1000);
			return new Promise(() => {});
		}
	}
	return query.apply(this, arguments);
};
`

// migrating runs the target's own migrate:latest on a project.
type migrating struct {
	p                 *testbed.Project
	node, tree, halts string
}

func newMigrating(t *testing.T, p *testbed.Project) migrating {
	t.Helper()
	tree, runtime := testbed.Install(t, p.Root, target)
	m := migrating{p, runtime.Node, tree, filepath.Join(t.TempDir(), "halt.cjs")}
	if err := os.WriteFile(m.halts, []byte(halting), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// run returns the statements of the policies step. It kills the process when it
// is about to send the first one that a pattern matches, or else the one of a
// number; with neither it lets it end.
func (m migrating) run(t *testing.T, pattern string, at int) (statements []string, err error) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "sql")
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	if pattern != "" {
		at = 0
	}
	cmd := exec.CommandContext(ctx, m.node, "--require", m.halts, filepath.Join(m.tree, "node_modules/directus/cli.js"), "database", "migrate:latest")
	cmd.Dir = m.p.Root
	cmd.Env = append(m.p.Environ(), "HALT_TREE="+m.tree, "HALT_LOG="+log, "HALT_BEFORE="+pattern, "HALT_AT="+strconv.Itoa(at))
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for halted := false; !halted; {
		select {
		case err = <-ended:
			if at > 0 || pattern != "" {
				err = errors.Join(err, errors.New("it did not come to the statement"))
			}
			if err != nil {
				err = fmt.Errorf("%w\n%s", err, output.String())
			}
			halted = true
		case <-time.After(50 * time.Millisecond):
			if _, missing := os.Stat(log + ".halted"); missing == nil {
				_ = cmd.Process.Kill()
				<-ended
				halted = true
			}
		}
	}
	text, _ := os.ReadFile(log)
	return strings.Split(strings.TrimSpace(string(text)), "\n"), err
}

// kept is a project's database, to come back to.
type kept struct {
	p    *testbed.Project
	file string
}

func keep(t *testing.T, p *testbed.Project) kept {
	t.Helper()
	k := kept{p, filepath.Join(t.TempDir(), "before")}
	db := p.Database()
	if _, err := db.Dump(t.Context(), k.file, progress.Discard); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k kept) back(t *testing.T) {
	t.Helper()
	if err := connect.Restore(t.Context(), k.config(), k.file, progress.Discard); err != nil {
		t.Fatal(err)
	}
}

func (k kept) config() database.Config {
	if k.p.Owner.Name != "" {
		return k.p.Owner
	}
	return k.p.Config().Config.Database()
}

// TestMigrationKilledForReal kills Directus' own migration within the policies
// step and right after it. Whatever is left is named, what is listed as a known
// repair lets the migrations go on, and the backup brings everything back.
func TestMigrationKilledForReal(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	how := os.Getenv(realHalts)
	if how == "" && os.Getenv(everyCrash) == "" {
		t.Log("the states that this leaves are tried by TestHalfDoneMigration; set " + realHalts + " to make them anew")
		return
	}
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			m := newMigrating(t, p)
			before, backup := p.Fingerprint(), backedUp(t, p)
			dump := keep(t, p)
			points := fewHalts
			if how == "all" {
				statements, err := m.run(t, "", 0)
				if err != nil {
					t.Fatal(err)
				}
				dump.back(t)
				points = nil
				for i, statement := range statements {
					points = append(points, "")
					if strings.Contains(statement, "directus_migrations") {
						t.Logf("the step has %d statements", i+1)
						break
					}
				}
			}
			for i, point := range points {
				statements, err := m.run(t, point, i+1)
				if err != nil {
					t.Fatal(err)
				}
				last := fmt.Sprintf("%.90s", statements[len(statements)-1])
				found := findings(t, p)
				half, repair := found[halfID], repairOf(found[halfID])
				t.Logf("killed before %s: %s", last, strings.Join(half.Evidence, "\n   "))
				noDrift(t, found, last)
				if i == 0 && how == "all" { // nothing was sent yet
					if half.ID != "" {
						t.Errorf("killed before %s: %v", last, half.Evidence)
					}
					continue
				}
				expect(t, half, advisory.Blocker, "20240806A-permissions-policies was begun and is not recorded", "bunnyhop restore "+filepath.Base(backup))
				if len(repair) > 0 {
					p.Exec(repair...)
					if again := findings(t, p)[halfID]; again.ID != "" {
						t.Errorf("repaired after %s: %v", last, again.Evidence)
					}
				}
				_, err = m.run(t, "", 0)
				second := findings(t, p)[halfID]
				t.Logf("second run, repaired %v: error %v; %s", len(repair) > 0, err != nil, strings.Join(second.Evidence, "\n   "))
				switch {
				case len(repair) > 0 && (err != nil || second.ID != ""):
					t.Errorf("repaired after %s, the migrations end with %v: %v", last, err, second.Evidence)
				case len(repair) == 0 && second.ID == "":
					t.Errorf("killed before %s and run again, nothing is found", last)
				}
				dump.back(t)
			}
			if _, err := m.run(t, "^create table .directus_access", 0); err != nil {
				t.Fatal(err)
			}
			restoredTo(t, p, backup, before)
		})
	}
}

// fewHalts are statements, in the order of the step.
var fewHalts = []string{
	"^select .* from .directus_roles", "add column .parent|add .parent", "^drop table .directus_roles|drop( column)? .app_access", "^update .directus_permissions. set .policy",
	"^create table .directus_access", "^insert into .directus_access", "^insert into .directus_migrations",
}
