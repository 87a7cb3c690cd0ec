package database

import (
	"fmt"
	"strings"
)

// IntegrityError lists what the engine's own checks found wrong, the first
// ones only.
type IntegrityError struct {
	// Damage is what is wrong with the file or its structure.
	Damage []string
	// ForeignKeys are rows that point at nothing. The database is readable;
	// a migration that rebuilds a table may stumble over them.
	ForeignKeys []string
}

func (e *IntegrityError) Error() string {
	var parts []string
	if len(e.Damage) > 0 {
		parts = append(parts, "the database is damaged: "+strings.Join(e.Damage, "; "))
	}
	if n := len(e.ForeignKeys); n > 0 {
		parts = append(parts, fmt.Sprintf("%d or more references lead nowhere: %s", n, strings.Join(e.ForeignKeys, "; ")))
	}
	return strings.Join(parts, "; ")
}
