package model

import (
	"encoding/json"
	"fmt"
	"os"

	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Keep writes a data model, or what was seen of one, into a run's folder.
func Keep(r *steps.Run, name string, value any) error {
	data, err := json.Marshal(value)
	if err == nil {
		err = site.WritePrivate(r.Path(name), data)
	}
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
