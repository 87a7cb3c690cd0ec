package upgrade_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// TestDatabaseServerFaults has database servers go away, cut sessions and take
// rights back in the middle of an upgrade. Before the cutover each fault leaves
// the project as it was; in the cutover everything is put back, if need be
// after a person has helped, and nothing of it is in the way of the upgrade
// that follows.
func TestDatabaseServerFaults(t *testing.T) {
	t.Parallel()
	for _, vendor := range []database.Vendor{database.Postgres, database.MySQL} {
		t.Run(string(vendor), func(t *testing.T) {
			t.Parallel()
			h := host(t, vendor)
			timed := func(name string, f func(*hosted)) {
				begun := time.Now()
				f(h)
				t.Logf("%s took %v", name, time.Since(begun).Round(time.Second))
			}
			timed("before the cutover", beforeTheCutover)
			timed("up to the cutover", upToTheCutover)
			ready := keepReady(t, h.p)
			for _, f := range []struct {
				name  string
				force func(*hosted)
			}{
				{"a foreign session", foreignSession},
				{"stopped in the final backup", stoppedInFinalBackup},
				{"sessions ended", sessionsEnded},
				{"stopped in the migration and in the undo", stoppedInUndo},
				{"nothing", cleanUpgrade},
			} {
				timed(f.name, f.force)
				ready()
			}
		})
	}
}

func beforeTheCutover(h *hosted) {
	h.withTools("none", "").ends(fault.Blocked).failedIn("check").says(h.vendors("pg_dump and pg_restore are not installed here", "neither mariadb-dump nor mysqldump is installed here"), "install")
	h.withTools("older", h.vendors("pg_dump (PostgreSQL) 12.22 (Debian 12.22-1)", "mariadb-dump  Ver 10.19 Distrib 10.1.48-MariaDB, for debian-linux-gnu (x86_64)")).
		ends(fault.Blocked).failedIn("check").says("is older than the server", "install")
	h.asBefore("without the tools for a backup")

	h.tools.next(h.tools.dump)
	wizard := h.begin(task{To: target, Yes: true})
	h.tools.await(wizard, h.tools.dump)
	h.down(wizard, "stopped in the backup").failedBefore("backup", fault.Failed).says("server")
	h.up()
	h.asBefore("after a backup without a server")

	wizard = h.begin(resume("prove started"))
	wizard.held("prove started")
	h.forbid()
	wizard.release()
	wizard.wait("no right to make databases").failedBefore("prove", fault.Blocked).says(h.grant())
	h.allow()
	h.asBefore("after a proof without the right")

	h.tools.next(h.tools.load)
	wizard = h.begin(resume())
	h.tools.await(wizard, h.tools.load)
	h.down(wizard, "stopped in the proof").failedBefore("prove", fault.Failed).says("server")
	h.up()
	h.asBefore("after a proof without a server")

	h.migrate("copy")
	wizard = h.begin(resume())
	h.asleep(wizard)
	h.down(wizard, "stopped in the rehearsal").failedBefore("rehearse", fault.Failed).says("only the copy saw this", "29990101A-sleeping")
	h.up()
	h.asBefore("after a rehearsal without a server")
}

// upToTheCutover takes the run of all those faults to the start of its cutover.
func upToTheCutover(h *hosted) {
	h.migrate("")
	job := resume()
	job.DieAt = "stop started"
	if o := h.do("up to the cutover", job); o.Code != -1 {
		h.t.Fatalf("ended with %d\n%s", o.Code, brief(o.Said))
	}
	if err := os.Remove(filepath.Join(h.p.Root, "migrations", "attempts.txt")); err != nil {
		h.t.Fatal(err)
	}
	h.asBefore("before the cutover")
}

func foreignSession(h *hosted) {
	leave := h.visit()
	h.do("a foreign session", resume()).
		ends(fault.RolledBack).failedIn("stop").says("still has the database open", h.vendors("psql of role ", "user "+h.p.Owner.User), "everything was put back")
	leave()
	h.putBack("a foreign session", 0)
}

func stoppedInFinalBackup(h *hosted) {
	h.tools.next(h.tools.dump)
	wizard := h.begin(resume())
	h.tools.await(wizard, h.tools.dump)
	o := h.down(wizard, "stopped in the final backup").
		ends(fault.NeedsPerson).failedIn("final-backup").says("server", "nothing was deleted", "bunnyhop rollback")
	if len(o.Result.Manual) == 0 {
		h.t.Error("no commands to run by hand")
	}
	h.up()
	h.do("once the server is back", task{Action: "back", To: target}).ends(fault.RolledBack)
	h.putBack("stopped in the final backup", 0)
}

func sessionsEnded(h *hosted) {
	h.migrate("live")
	wizard := h.begin(resume())
	h.end(h.asleep(wizard))
	wizard.wait("sessions ended").
		ends(fault.RolledBack).failedIn("migrate").says("29990101A-sleeping", "it worked on the copy", "everything was put back")
	h.putBack("sessions ended", 1)
}

// stoppedInUndo has the server go away three times: in the migration, so that
// nothing can be put back; while the backup is put back; and then it comes
// back with fewer rights.
func stoppedInUndo(h *hosted) {
	h.migrate("live")
	wizard := h.begin(resume())
	h.asleep(wizard)
	h.down(wizard, "stopped in the migration").
		ends(fault.NeedsPerson).failedIn("migrate").says("Sleeping", "taking back migrate", "nothing was deleted", "bunnyhop rollback") // it does not answer, or still shuts down
	h.up()

	h.tools.next(h.tools.load)
	wizard = h.begin(resume())
	h.tools.await(wizard, h.tools.load)
	o := h.down(wizard, "stopped in the undo").
		ends(fault.NeedsPerson).says("Sleeping", "taking back migrate", "see whether the server was stopped", "nothing was deleted", "bunnyhop rollback")
	if o.started("migrate") {
		h.t.Error("the migration was begun again")
	}
	h.up()

	h.forbid()
	o = h.do("in place", task{Action: "back", To: target})
	if h.maria {
		o.ends(fault.NeedsPerson).says(h.grant(), "nothing was deleted")
		h.allow()
		h.do("with the right again", resume()).ends(fault.RolledBack)
	} else {
		o.ends(fault.RolledBack)
		inPlace := false
		for _, e := range eventsOf[steps.Output](o) {
			inPlace = inPlace || strings.Contains(e.Line, "in place") && strings.Contains(e.Line, h.grant())
		}
		if !inPlace {
			h.t.Errorf("it is not told that the database was restored in place\n%s", brief(o.Said))
		}
		h.allow()
	}
	h.putBack("stopped in the undo", 1)
}

// cleanUpgrade shows that nothing of the faults is in the way.
func cleanUpgrade(h *hosted) {
	h.do("without a fault", resume()).ends(fault.Done)
	h.answers(target)
	if lost := h.before.tables.Diff(h.p.Fingerprint(), butLetters); len(lost) > 0 {
		h.t.Errorf("user tables changed: %v", lost)
	}
	h.nothingLeft("after the upgrade")
}
