package upgrade_test

import (
	"context"
	"os"
	"testing"

	"bunnyhop/steps"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// target is the version that most tests upgrade to.
const target = "11.17.4"

// drive runs a flow and answers its gates as --yes --override does.
func drive(t *testing.T, flow steps.Flow, root string, overrides ...string) steps.Result {
	t.Helper()
	engine, err := steps.Start(flow, root)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, engine, overrides...)
}

func answer(t *testing.T, engine *steps.Engine, overrides ...string) steps.Result {
	t.Helper()
	return watch(t, engine, func(steps.Event) {}, overrides...)
}

// driveWatched is drive that also shows every event.
func driveWatched(t *testing.T, flow steps.Flow, root string, see func(steps.Event)) steps.Result {
	t.Helper()
	engine, err := steps.Start(flow, root)
	if err != nil {
		t.Fatal(err)
	}
	return watch(t, engine, see)
}

func watch(t *testing.T, engine *steps.Engine, see func(steps.Event), overrides ...string) steps.Result {
	t.Helper()
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	events := engine.Subscribe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			see(event)
			react(engine, event, overrides, func(line string) { t.Log(line) })
		}
	}()
	result := engine.Execute(context.Background())
	<-done
	return result
}

func options(p *testbed.Project) site.Options {
	return site.Options{Root: p.Root, Environ: os.Environ()}
}

func TestUpgradeAndRollback(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	p.Serve()
	before := p.Fingerprint()

	result := drive(t, upgrade.Flow(options(p), upgrade.Options{To: target}), p.Root)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	t.Logf("%+v", result.Data)
	if version, err := p.Version(); err != nil || version != target {
		t.Fatalf("the server says %q, %v", version, err)
	}
	if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Fatalf("user tables changed: %v", lost)
	}

	result = drive(t, rollback.Flow(options(p), rollback.Options{}), p.Root)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if version, err := p.Version(); err != nil || version != "10.13.4" {
		t.Fatalf("the server says %q, %v", version, err)
	}
	if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
		t.Fatalf("tables changed: %v", lost)
	}
}
