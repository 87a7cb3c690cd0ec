package promote

import (
	"context"
	"errors"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// byCommandLine makes the changes with the command line of the installed code,
// for a project whose server does not run.
func (a apply) byCommandLine(ctx context.Context, r *steps.Run, current *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
	s := a.ends.site
	p, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	runtime, err := s.Node(ctx, node.Majors(p.Installed), r)
	if err != nil {
		return nil, err
	}
	cli := schemaapply.CommandLine{
		CLI: directus.CLI{Node: runtime.Node, Tree: p.Root, Dir: p.Root, Redact: r.Redact, Environ: runtime.Environ(s.Environ())},
		Read: func(ctx context.Context) (read *snapshot.Snapshot, err error) {
			db, err := s.Database(ctx, p, connect.ReadOnly)
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			return model.ReadDatabase(ctx, p, db, p.Installed)
		},
	}
	return schemaapply.ApplyCLI(ctx, cli, current, accepted, r)
}
