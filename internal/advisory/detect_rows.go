package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// studioTranslation is an entry of directus_settings.translation_strings, as it
// was before 20230526A.
type studioTranslation struct {
	Key          string             `json:"key"`
	Translations map[string]*string `json:"translations"`
}

func studioTranslations(ctx context.Context, in Input) ([]studioTranslation, error) {
	if !in.pending("20230526A") {
		return nil, nil
	}
	settings, err := in.rows(ctx, "directus_settings")
	if err != nil || len(settings) == 0 {
		return nil, err
	}
	text := settings[0].text("translation_strings")
	if text == "" {
		return nil, nil
	}
	var all []studioTranslation
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, untold("look whether translation_strings in directus_settings is a list of keys and their translations (%v)", err)
	}
	return all, nil
}

func detectNullTranslations(ctx context.Context, in Input) ([]string, bool, error) {
	all, err := studioTranslations(ctx, in)
	var evidence []string
	for _, t := range all {
		for language, text := range t.Translations {
			if t.Key != "" && text == nil {
				evidence = append(evidence, fmt.Sprintf("%s in %s", t.Key, language))
			}
		}
	}
	slices.Sort(evidence)
	return bounded(evidence), len(evidence) > 0, err
}

func detectLostTranslations(ctx context.Context, in Input) ([]string, bool, error) {
	all, err := studioTranslations(ctx, in)
	var evidence []string
	for _, t := range all {
		switch {
		case t.Key == "":
			evidence = append(evidence, fmt.Sprintf("one without a key, in %d languages", len(t.Translations)))
		case t.Translations == nil:
			evidence = append(evidence, t.Key)
		}
	}
	return bounded(evidence), len(evidence) > 0, err
}

// lists are the project's fields that 20231009A changes to text.
func lists(ctx context.Context, in Input) ([]row, error) {
	if !in.pending("20231009A") {
		return nil, nil
	}
	fields, err := in.rows(ctx, "directus_fields")
	if err != nil {
		return nil, err
	}
	var found []row
	for _, r := range fields {
		if r.text("special") == "cast-csv" {
			found = append(found, r)
		}
	}
	return found, nil
}

// withColumn splits lists by whether they have a column.
func withColumn(ctx context.Context, in Input) (with, without []string, err error) {
	fields, err := lists(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	columns := map[string][]string{}
	for _, r := range fields {
		table := r.text("collection")
		if _, known := columns[table]; !known {
			if columns[table], err = in.columns(ctx, table); err != nil {
				return nil, nil, err
			}
		}
		name := table + "." + r.text("field")
		if slices.Contains(columns[table], r.text("field")) {
			with = append(with, name)
		} else {
			without = append(without, name)
		}
	}
	slices.Sort(with)
	slices.Sort(without)
	return with, without, nil
}

func detectOrphanLists(ctx context.Context, in Input) ([]string, bool, error) {
	_, without, err := withColumn(ctx, in)
	return bounded(without), len(without) > 0, err
}

func detectLists(ctx context.Context, in Input) ([]string, bool, error) {
	with, _, err := withColumn(ctx, in)
	// System columns are text or small.
	with = slices.DeleteFunc(with, func(name string) bool { return strings.HasPrefix(name, "directus_") })
	return bounded(with), len(with) > 0, err
}

// largeTable is from how many rows on a migration that goes through all of them
// is named.
const largeTable = 100_000

func detectLongMigrations(ctx context.Context, in Input) ([]string, bool, error) {
	sizes := map[string]int64{}
	var evidence []string
	for _, h := range heavyMigrations {
		if !in.pending(h.migration) {
			continue
		}
		rows, known := sizes[h.table]
		if !known {
			var err error
			if rows, _, err = tableSize(ctx, in, h.table); err != nil {
				return nil, false, fmt.Errorf("reading the size of %s: %w", h.table, err)
			}
			sizes[h.table] = rows
		}
		if rows > largeTable {
			evidence = append(evidence, fmt.Sprintf("%s %s: %s, about %d rows", h.migration, h.what, h.table, rows))
		}
	}
	return found(evidence)
}
