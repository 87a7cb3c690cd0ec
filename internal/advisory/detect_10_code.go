package advisory

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// always is the detector of what holds for every project that crosses it.
func always(evidence ...string) detector {
	return func(context.Context, Input) ([]string, bool, error) { return evidence, true, nil }
}

// inCode makes a detector of what programs outside of the project may ask for:
// it applies when the project's own files, extensions or flows do, and cannot
// be told otherwise.
func inCode(pattern string) detector {
	compiled := regexp.MustCompile(pattern)
	operations := func(ctx context.Context, in Input) ([]string, bool, error) {
		return in.mentions(ctx, compiled, inOperations)
	}
	return anyOf(inSources(pattern), inFiles(pattern), operations, outside)
}

// seenOutside is inCode for what may also be asked for without harm: where it
// stands is shown, and whether it matters cannot be told.
func seenOutside(pattern string) detector {
	seen := inCode(pattern)
	return func(ctx context.Context, in Input) ([]string, bool, error) {
		evidence, _, err := seen(ctx, in)
		if err != nil {
			return nil, false, err
		}
		return evidence, false, errUntold
	}
}

var detectServerInfo = seenOutside(`/server/info\b`)

// usesSDK makes a detector of calls of the SDK: in the project's own files and
// extensions they are seen, and where the project only depends on the SDK, or
// other programs do, it cannot be told.
func usesSDK(pattern string) detector {
	calls := anyOf(inSources(pattern), inFiles(pattern))
	depends := inFiles(`"@directus/sdk"\s*:\s*"[^"]*"`)
	return func(ctx context.Context, in Input) ([]string, bool, error) {
		evidence, hit, err := calls(ctx, in)
		if hit || err != nil {
			return evidence, hit, err
		}
		evidence, _, err = depends(ctx, in)
		if err != nil {
			return nil, false, err
		}
		return evidence, false, errUntold
	}
}

var (
	scriptFile = regexp.MustCompile(`(?i)\.[cm]?js$`)
	waits      = regexp.MustCompile(`\basync\b|\bawait\b|\.then\s*\(|\bnew Promise\b|\bPromise\.`)
	comments   = regexp.MustCompile(`(?m)/\*[\s\S]*?\*/|(?:^|\s)//.*$`)
)

func detectAsyncConfig(_ context.Context, in Input) ([]string, bool, error) {
	path := in.ConfigFile
	if path == "" {
		path = in.value("CONFIG_PATH")
	}
	if !scriptFile.MatchString(path) {
		return nil, false, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(in.Root, path)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the project's own file
	if err != nil {
		return []string{err.Error()}, false, untold("look whether the configuration file %s waits for anything (async, await, promises)", path)
	}
	words := waits.FindAllString(comments.ReplaceAllString(string(data), " "), -1)
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) == 0 {
		return nil, false, nil
	}
	return []string{path + ": " + strings.Join(words, ", ")}, true, nil
}
