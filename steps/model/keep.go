package model

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Keep writes a data model, or what was seen of one, into a run's folder.
func Keep(r *steps.Run, name string, value any) error {
	err := site.WritePrivateBy(r.Path(name), func(w io.Writer) error {
		if s, ok := value.(*snapshot.Snapshot); ok {
			return s.Write(w)
		}
		return json.NewEncoder(w).Encode(value)
	})
	if err != nil {
		return fmt.Errorf("keeping a data model: %w", err)
	}
	return nil
}

// Kept reads a data model that the run kept.
func Kept(r *steps.Run, name string) (*snapshot.Snapshot, error) {
	data, err := os.ReadFile(r.Path(name))
	if err != nil {
		return nil, fmt.Errorf("reading the data model that the run kept: %w", err)
	}
	return snapshot.Parse(data)
}
