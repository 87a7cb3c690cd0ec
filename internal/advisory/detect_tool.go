package advisory

import (
	"context"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// detectDumpTool looks whether the programs are here without which neither a
// backup nor a restore can be made.
func detectDumpTool(ctx context.Context, in Input) ([]string, bool, error) {
	tooled, ok := in.DB.(database.Tooled)
	if !ok {
		return nil, false, nil
	}
	_, err := tooled.DumpTool(ctx)
	switch {
	case err == nil:
		return nil, false, nil
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case fault.CodeOf(err) != fault.Blocked:
		return nil, false, err
	}
	evidence := []string{err.Error()}
	if hint := fault.HintOf(err); hint != "" {
		evidence = append(evidence, hint)
	}
	return evidence, true, nil
}
