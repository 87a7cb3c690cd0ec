package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// The test binary is also the program, and "fakerun", which runs a flow of
// fake steps through the real engine and the real front ends.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bunnyhop": main, "fakerun": fakeMain})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			for variable, dir := range map[string]string{
				"HOME": "home", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data",
			} {
				env.Setenv(variable, filepath.Join(env.WorkDir, ".bh", dir))
				if err := os.MkdirAll(filepath.Join(env.WorkDir, ".bh", dir), 0o700); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func fakeMain() {
	surviveBrokenPipe()
	os.Exit(fakeRun())
}

// fakeRun is a command with all flags of bunnyhop. FAKE says what happens.
func fakeRun() int {
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	root := newRootCommand(a)
	root.RunE = nil
	ctx := context.Background()
	a.long = flowUpgrade
	err := func() error {
		if err := root.ParseFlags(os.Args[1:]); err != nil {
			return usage(root, err)
		}
		policy, err := a.policy()
		if err != nil {
			return err
		}
		o, err := a.site()
		if err != nil {
			return err
		}
		engine, err := steps.Start(fakeFlow(os.Getenv("FAKE")), o.Root)
		if err != nil {
			return err
		}
		return a.see(ctx, a.job(engine, engine.Execute), policy)
	}()
	a.report(err)
	return int(exitCode(err))
}

// fakeAct is an action made of functions.
type fakeAct struct {
	do, undo func(context.Context, *steps.Run) error
}

func (fakeAct) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("never"), nil
}

func (f fakeAct) Do(ctx context.Context, r *steps.Run) error {
	if f.do == nil {
		return nil
	}
	return f.do(ctx, r)
}

func (f fakeAct) Undo(ctx context.Context, r *steps.Run) error {
	if f.undo == nil {
		return nil
	}
	return f.undo(ctx, r)
}

// fakeFlow tells something of every kind that readers show, and asks every
// kind of question. Its cutover makes a file in the project, and removes it
// again when it is taken back.
func fakeFlow(mode string) steps.Flow {
	changed := func(r *steps.Run) string { return filepath.Join(r.Root, "changed") }
	return steps.Flow{
		ID: flowUpgrade, Title: "Upgrade",
		Steps: []steps.Step{
			{ID: "look", Title: "Look at the project", Phase: steps.Prepare, Action: fakeAct{do: fakeLook}},
			{ID: "ask", Title: "Ask everything", Phase: steps.Prepare, Action: fakeAct{do: func(ctx context.Context, r *steps.Run) error {
				if mode == "mute" || mode == "slow" || mode == "slowcut" {
					return nil
				}
				return fakeAsk(ctx, r)
			}}},
			{ID: "wait", Title: "Wait a little", Phase: steps.Prepare, Action: fakeAct{do: func(ctx context.Context, _ *steps.Run) error {
				if mode != "slow" {
					return nil
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Minute):
					return errors.New("nobody interrupted")
				}
			}}},
			{ID: "change", Title: "Change the project", Phase: steps.Cutover, Action: fakeAct{
				do: func(_ context.Context, r *steps.Run) error {
					if mode == "slowcut" {
						time.Sleep(time.Second)
					}
					return os.WriteFile(changed(r), []byte("x"), 0o600)
				},
				undo: func(_ context.Context, r *steps.Run) error {
					if mode == "stuck" {
						return errors.New("the disk is gone")
					}
					return os.RemoveAll(changed(r))
				},
			}},
			{ID: "break", Title: "Break or not", Phase: steps.Cutover, Action: fakeAct{do: func(_ context.Context, r *steps.Run) error {
				if mode == "break" || mode == "stuck" {
					return &fault.Error{What: "it broke \x1b[31mhere\x1b[0m", Hint: "mend it"}
				}
				return facts.Started.Set(r, facts.Start{Version: "11.17.4", DowntimeSeconds: 14.2})
			}}},
			{ID: "report", Title: "Report", Phase: steps.Finish, Action: fakeAct{do: func(_ context.Context, r *steps.Run) error {
				return facts.Summarised.Set(r, facts.Report{Lines: []string{"everything is well"}, Next: []string{"look at the extensions"}})
			}}},
		},
		Result: facts.Result,
	}
}

func fakeLook(_ context.Context, r *steps.Run) error {
	r.HideSecrets([]string{"hunter22"})
	r.Progress("counting", progress.Files, 3, 10)
	r.Output("a line with \x1b[1mcolour\x1b[0m and hunter22")
	r.Summary("Directus %s", "10.13.4")
	if err := facts.Chosen.Set(r, facts.Target{From: "10.13.4", To: "11.17.4", NodeMajor: []int{22}}); err != nil {
		return err
	}
	return facts.BackedUp.Set(r, facts.Backup{ID: "b1", Dir: "/backups/b1", Bytes: 1200000, Parts: []facts.BackupPart{
		{Name: "database", Included: true, Files: 1, Bytes: 1200000}, {Name: "files", Reason: "left out by --without"},
	}})
}

var fakeGates = []steps.Gate{
	{
		ID: "target", Kind: steps.GateChoose, Title: "Which version?", Flag: "--to VERSION",
		Choices: []steps.Choice{{ID: "11.17.4", Title: "11.17.4", Default: true}, {ID: "12.4.1", Title: "12.4.1", Disabled: "cannot be installed"}},
	},
	{
		ID: "findings", Kind: steps.GateFindings, Title: "What will break", Findings: []advisory.Finding{
			{ID: "b1", Severity: advisory.Blocker, Title: "Rules are lost", Evidence: []string{"3 roles \x1b]0;x\x07here"}, Remedy: "stay\nor buy", Version: "12.0.0"},
			{ID: "w1", Severity: advisory.Warning, Title: "Node 22 is needed"},
			{ID: "n1", Severity: advisory.Note, Title: "Good to know"},
		},
	},
	{
		ID: "review", Kind: steps.GateReview, Title: "What changes", Changes: []change.Change{
			{ID: "migration:1", Group: "Migrations", Title: "adds a table", Risk: change.Safe, Locked: "part of the upgrade"},
			{ID: "file:package.json:directus", Group: "package.json", Title: "version", Before: "10.13.4", After: "11.17.4", Risk: change.Safe, Recommended: true},
			{ID: "env:X", Group: ".env", Title: "new line", After: "X=1", Risk: change.Caution},
		},
	},
	{ID: "really", Kind: steps.GateConfirm, Title: "Really?", Confirm: "blog", Destructive: true},
}

func fakeAsk(ctx context.Context, r *steps.Run) error {
	for _, gate := range fakeGates {
		answer, err := r.Ask(ctx, gate)
		if err != nil {
			return err
		}
		if gate.Kind != steps.GateReview {
			continue
		}
		r.Output(fmt.Sprintf("decided %v", answer.Decisions))
		if err := facts.Reviewed.Set(r, facts.Review{Changes: gate.Changes, Decisions: answer.Decisions}); err != nil {
			return err
		}
	}
	return nil
}
