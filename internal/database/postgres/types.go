package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// columnType is a row of pg_type.
type columnType struct {
	OID      uint32
	Kind     string // typtype
	Category string // typcategory
	Name     string
	Base     uint32 // of a domain
	Subtype  uint32 // of a range
	Binary   bool   // has a binary form
}

type typeMap map[uint32]columnType

// firstNormalOID is the first oid that a server gives out itself: below it,
// oids are the same on every server of a version.
const firstNormalOID = 16384

func readTypes(ctx context.Context, conn *pgx.Conn) (typeMap, error) {
	all, err := collect[columnType](ctx, conn, `SELECT t.oid, t.typtype::text, t.typcategory::text, t.typname, t.typbasetype,
			coalesce(r.rngsubtype, 0), t.typsend <> 0
		FROM pg_type AS t LEFT JOIN pg_range AS r ON r.rngtypid = t.oid WHERE t.typtype <> 'c'`)
	types := make(typeMap, len(all))
	for _, t := range all {
		types[t.OID] = t
	}
	return types, err
}

// expression reads a column so that its binary form depends on nothing but
// the value: types whose form holds oids (arrays and composites name those of
// their elements, reg… types are oids) or bits that do not survive a dump (an
// array's flag for NULLs that it once had) are read as text.
func (types typeMap) expression(oid uint32, column string) string {
	t := types[oid]
	for t.Kind == "d" {
		t = types[t.Base]
	}
	text := column + "::pg_catalog.text"
	switch {
	case !t.Binary, t.Category == "A", strings.HasPrefix(t.Name, "reg"):
		return text
	case t.Kind == "b" && (t.Name == "float4" || t.Name == "float8") && t.OID < firstNormalOID:
		// A NaN has many bit patterns and one text.
		value := column + "::pg_catalog." + t.Name
		return "CASE WHEN " + value + " = 'NaN' THEN 'NaN' ELSE " + value + " END"
	case t.Kind == "b", t.Kind == "e":
		return column
	case t.Kind == "r" && t.Subtype < firstNormalOID && t.Subtype != 0:
		return column
	}
	return text
}
