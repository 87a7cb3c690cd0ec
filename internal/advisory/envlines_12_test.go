package advisory_test

import (
	"os"
	"path/filepath"
	"testing"

	"bunnyhop/internal/advisory"
)

func TestEnvLinesForLimitsOf12(t *testing.T) {
	t.Parallel()
	lines := func(c trial) map[string]string {
		t.Helper()
		in := c.project(t, advisory.Rule{Version: "12.2.0"})
		path := filepath.Join(in.Root, "snapshot.yaml")
		if c.name == "a large snapshot" {
			if err := os.WriteFile(path, []byte(snapshotText("12.1.0")), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, 60<<20); err != nil {
				t.Fatal(err)
			}
		}
		found, err := advisory.EnvLines(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, line := range found {
			if line.Comment == "" || line.Reason == "" || line.Version != "12.2.0" {
				t.Errorf("%+v is not whole", line)
			}
			all[line.Key] = line.Value
		}
		return all
	}
	presets := settings12SQL + `UPDATE directus_settings SET storage_asset_presets = '[{"key":"poster","width":4000,"height":7200},{"key":"small","width":100}]'`
	if got := lines(trial{sql: presets}); got["ASSETS_TRANSFORM_IMAGE_MAX_OUTPUT_DIMENSION"] != "7200" || len(got) != 1 {
		t.Errorf("large images: %v", got)
	}
	if got := lines(trial{sql: presets, env: config{"ASSETS_TRANSFORM_IMAGE_MAX_OUTPUT_DIMENSION": "8000"}}); len(got) != 0 {
		t.Errorf("set already: %v", got)
	}
	if got := lines(trial{name: "a large snapshot"}); got["IMPORT_MAX_FILE_SIZE"] != "120mb" || len(got) != 1 {
		t.Errorf("a large snapshot: %v", got)
	}
	if got := lines(trial{sql: settings12SQL}); len(got) != 0 {
		t.Errorf("a plain project: %v", got)
	}
}
