package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// goneStyles are the style names that the Studio of 12 does not have any more,
// by their beginnings: found by comparing the names in @directus/app and
// @directus/themes of 11.17.4 with those of 12.4.0.
var goneStyles = regexp.MustCompile(`--theme--(?:` +
	`header--(?:background|border-color|border-width|box-shadow|headline--[\w-]+)` +
	`|navigation--(?:background|background-accent|border-color|border-width|project--[\w-]+)` +
	`|form--field--input--(?:border-color-focus|box-shadow-hover|box-shadow-focus)` +
	`|public--(?:art--[\w-]+|form--field--input--(?:border-color-focus|box-shadow-(?:focus|hover)))` +
	`|sidebar--section--toggle--(?:icon--foreground|border-width|border-color)` +
	`|shadow)(?:[^\w-]|$)`)

// goneRules are the same in the words of theme extensions and of changed themes,
// as paths.
var goneRules = []string{
	"navigation.background", "navigation.backgroundAccent", "navigation.borderWidth", "navigation.borderColor", "navigation.project",
	"header.background", "header.borderWidth", "header.borderColor", "header.boxShadow", "header.headline",
	"sidebar.section.toggle.borderWidth", "sidebar.section.toggle.borderColor", "sidebar.section.toggle.icon",
	"form.field.input.borderColorFocus", "form.field.input.boxShadowHover", "form.field.input.boxShadowFocus",
	"public.art", "public.form.field.input.borderColorFocus", "public.form.field.input.boxShadowHover", "public.form.field.input.boxShadowFocus",
}

func detectThemeSettings(ctx context.Context, in Input) ([]string, bool, error) {
	settings, err := in.rows(ctx, "directus_settings")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range settings {
		for _, name := range distinct(goneStyles.FindAllString(r.text("custom_css"), -1)) {
			evidence = append(evidence, "the custom CSS names "+name)
		}
		for _, column := range []string{"theme_light_overrides", "theme_dark_overrides"} {
			var rules map[string]any
			if json.Unmarshal([]byte(r.text(column)), &rules) != nil {
				continue // no theme was changed
			}
			for _, path := range goneRules {
				if leads(rules, strings.Split(path, ".")) {
					evidence = append(evidence, fmt.Sprintf("%s changes %s", column, path))
				}
			}
		}
	}
	return found(evidence)
}

// leads reports whether there is anything at a path.
func leads(rules map[string]any, path []string) bool {
	value, ok := rules[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	inner, ok := value.(map[string]any)
	return ok && leads(inner, path[1:])
}

// goneWords are names in the code of themes and layouts that mean the same.
var goneWords = regexp.MustCompile(`\b(?:borderColorFocus|boxShadowHover|boxShadowFocus|headerShadow|sidebarShadow)\b` +
	`|\bnavigation\s*:\s*\{[^{}]*\b(?:background|backgroundAccent|borderColor|borderWidth|project)\s*:` +
	`|\bheader\s*:\s*\{[^{}]*\b(?:background|borderColor|borderWidth|boxShadow|headline)\s*:`)

func detectThemeExtensions(_ context.Context, in Input) ([]string, bool, error) {
	styles, _, err := in.searchSources(goneStyles, appTypes...)
	unknown := err
	if err != nil && styles == nil {
		return nil, false, err
	}
	words, _, err := in.searchSources(goneWords, "theme", "layout")
	if unknown == nil {
		unknown = err
	}
	if unknown != nil {
		return bounded(append(styles, words...)), false, unknown
	}
	return found(append(styles, words...))
}

// distinct sorts names and leaves out what stands there twice, and what is cut
// off with a name.
func distinct(names []string) []string {
	for i, name := range names {
		names[i] = strings.TrimRight(name, " ;:,)}\n\t")
	}
	sort.Strings(names)
	return slices.Compact(names)
}
