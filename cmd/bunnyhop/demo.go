package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/internal/sample"
	"bunnyhop/tui"
)

type demoOptions struct {
	app *app
	dir string
	to  string
}

func newDemoCommand(a *app) *cobra.Command {
	o := &demoOptions{app: a}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it on a sample project",
		Long: `Unpacks a sample project - a small newsroom on Directus ` + sample.Version + ` and SQLite - into a
new folder, installs its code, and opens the wizard on it. Without a terminal, or
with --yes, it upgrades the sample unattended and prints what a person would have
seen.

The folder is ~/bunnyhop-demo, or the first of ~/bunnyhop-demo-2, -3 … that is
not there yet; --dir names another. The first time, Directus is fetched from the
npm registry, which takes some minutes; what was fetched is kept and used again.`,
		Example: `  bunnyhop demo
  bunnyhop demo --dir /tmp/newsroom
  bunnyhop demo --yes --to 11.17.4`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), o) },
	}
	long(cmd, a, flowUpgrade)
	cmd.Flags().StringVar(&o.dir, "dir", "", "the `folder` to make (new or empty)")
	cmd.Flags().StringVar(&o.to, "to", "", "upgrade to this `version` at once")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

func runDemo(ctx context.Context, o *demoOptions) error {
	a := o.app
	if flagProject := a.flags.project; flagProject != "." && flagProject != "" {
		return fault.New("demo makes a project of its own and takes no --project", "name its folder with --dir").WithCode(fault.Usage)
	}
	dir, err := o.folder()
	if err != nil {
		return err
	}
	if err := a.makeDemo(ctx, dir); err != nil {
		return err
	}
	a.flags.project = dir
	if front := a.front(false); front == frontPlain || front == frontJSON {
		a.flags.yes = true
		err = a.runRequest(ctx, request{kind: tui.JobUpgrade, to: o.to})
		a.demoEnd(dir)
		return err
	}
	var first *tui.Job
	req := request{kind: tui.JobUpgrade, to: o.to}
	if o.to != "" {
		first = req.job()
	}
	err = a.screen(ctx, first, req)
	a.demoEnd(dir)
	return err
}

// folder chooses where the sample goes.
func (o *demoOptions) folder() (string, error) {
	if o.dir != "" {
		return filepath.Abs(o.dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.Wrap(err, "finding the home folder", "name a folder with --dir")
	}
	for n := 1; ; n++ {
		dir := filepath.Join(home, "bunnyhop-demo")
		if n > 1 {
			dir += fmt.Sprintf("-%d", n)
		}
		_, err := os.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return dir, nil
		}
		if err != nil {
			return "", fault.Wrap(err, "looking for a folder for the demo", "name one with --dir")
		}
	}
}

// demoEnd says where the sample is and how to look at it.
func (a *app) demoEnd(dir string) {
	if a.flags.json {
		return
	}
	address := ""
	if p, err := project.Detect(dir); err == nil && p.LoadConfig(context.Background(), a.environ, "") == nil {
		address = p.Config.PublicURL()
	}
	a.printf("\nThe sample is in %s (login %s, password %s", dir, sample.AdminEmail, sample.AdminPassword)
	if address != "" {
		a.printf(", %s once it runs", address)
	}
	a.printf(").\nGo on with: bunnyhop --project %s\nRemove it with: rm -r %s\n", shellQuote(dir), shellQuote(dir))
}
