package upgrade_test

import (
	"os"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/testbed"
)

// withDataModel are the boundaries that matter when a data model is brought
// in: those after which something is known or done that was not before. With
// everyCrash they are all of the steps that have to do with it.
func withDataModel() []string {
	if os.Getenv(everyCrash) == "" {
		return []string{"wanted worked", "review done", "try worked", "apply worked", "apply done"}
	}
	return []string{
		"wanted worked", "rehearse worked", "rehearse done", "review done", "try started", "try worked", "try done",
		"migrate done", "apply started", "apply worked", "apply done", "start worked",
	}
}

// TestKilledWithDataModel kills an upgrade that brings a data model in; each
// time it goes on with what the kill left.
func TestKilledWithDataModel(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := crashProject(t)
	p.Serve()
	before, was := p.Fingerprint(), modelOf(t, p, target)
	bringIn(t, wantedModel(modelOf(t, p, "10.13.4")))
	job := "start"
	for _, at := range withDataModel() {
		s := spawn(t, p, job, at)
		if code := s.wait(); code != -1 {
			t.Fatalf("%s %s: exited with %d instead of dying\n%s", job, at, code, s.output.String())
		}
		t.Logf("killed at %s", at)
		if at == "apply worked" {
			world := snapshot(t, p)
			run(t, p, "back", fault.RolledBack)
			asBefore(t, p, before, "rolled back after "+at)
			world.restore()
		}
		job = "resume"
	}
	run(t, p, "resume", fault.Done)
	asDecided(t, p, target, before, was)
	run(t, p, "rollback", fault.Done)
	asBefore(t, p, before, "after the rollback")
}

// TestKilledWhileBringingIn kills while Directus changes the data model.
func TestKilledWhileBringingIn(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := crashProject(t)
	p.Serve()
	before, was := p.Fingerprint(), modelOf(t, p, target)
	bringIn(t, wantedModel(modelOf(t, p, "10.13.4")))
	s := spawn(t, p, "start", "apply started")
	if code := s.wait(); code != -1 {
		t.Fatalf("exited with %d instead of dying\n%s", code, s.output.String())
	}
	s = spawn(t, p, "resume", "")
	s.output.when("Snapshot applied", func() { _ = s.cmd.Process.Kill() })
	if code := s.wait(); code != -1 {
		t.Fatalf("exited with %d instead of dying\n%s", code, s.output.String())
	}
	// What a kill between two rounds leaves: a part of it.
	p.Exec("UPDATE directus_fields SET note = NULL WHERE collection = 'sections' AND field = 'name'")
	s = spawn(t, p, "resume", "")
	if code := s.wait(); code != int(fault.Done) {
		t.Fatalf("exited with %d\n%s", code, s.output.String())
	}
	if !strings.Contains(s.output.String(), "migrate done: 21 migrations in ") {
		t.Errorf("it went on from a data model that was changed in part:\n%s", s.output.String())
	}
	asDecided(t, p, target, before, was)
}
