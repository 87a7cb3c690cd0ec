package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
)

var (
	// roleFields are the columns that 11.0 took from directus_roles.
	roleFields = regexp.MustCompile(`\b(?:admin_access|app_access|enforce_tfa|ip_access)\b`)
	// permissionRole is the column that 11.0 took from directus_permissions.
	permissionRole = regexp.MustCompile(`\brole\b`)
)

func detectRoleFields(ctx context.Context, in Input) ([]string, bool, error) {
	// Fields of the project's own may have the same names.
	own := func(r row) bool {
		collection := r.text("collection")
		return collection != "" && !strings.HasPrefix(collection, "directus_")
	}
	evidence, _, err := in.mentionsIn(ctx, roleFields, func(r row) bool { return !own(r) }, inPermissions, inPresets, inPanels, inOperations)
	if err != nil {
		return nil, false, err
	}
	about := func(r row) bool { return r.text("collection") == "directus_permissions" }
	more, _, err := in.mentionsIn(ctx, permissionRole, about, inPermissions, inPresets)
	if err != nil {
		return nil, false, err
	}
	return found(append(evidence, more...))
}

// templateField finds the fields of a display template.
var templateField = regexp.MustCompile(`\{\{\s*([\w$]+)`)

// detectMissingFields compares the fields that settings name with those that
// the project's own collections have. System collections are left out: their
// fields are not all in the database.
func detectMissingFields(ctx context.Context, in Input) ([]string, bool, error) {
	exists, err := in.fieldsOf(ctx)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	missing := func(what, collection string, fields []string) error {
		for _, field := range fields {
			field, _, _ = strings.Cut(strings.TrimSpace(field), ".")
			if field == "" || field == "*" || strings.ContainsAny(field, "($:") {
				continue
			}
			has, err := exists(collection, field)
			if err != nil {
				return err
			}
			if !has {
				evidence = append(evidence, fmt.Sprintf("%s names %s.%s", what, collection, field))
			}
		}
		return nil
	}
	permissions, err := in.rows(ctx, "directus_permissions")
	if err != nil {
		return nil, false, err
	}
	for _, r := range permissions {
		what := fmt.Sprintf("permission %s (%s)", r.text("id"), r.text("action"))
		if err := missing(what, r.text("collection"), strings.Split(r.text("fields"), ",")); err != nil {
			return nil, false, err
		}
	}
	presets, err := in.rows(ctx, "directus_presets")
	if err != nil {
		return nil, false, err
	}
	for _, r := range presets {
		if err := missing("bookmark "+r.text("id"), r.text("collection"), presetFields(r.text("layout_query"))); err != nil {
			return nil, false, err
		}
	}
	collections, err := in.rows(ctx, "directus_collections")
	if err != nil {
		return nil, false, err
	}
	for _, r := range collections {
		var fields []string
		for _, match := range templateField.FindAllStringSubmatch(r.text("display_template"), -1) {
			fields = append(fields, match[1])
		}
		if err := missing("the display template", r.text("collection"), fields); err != nil {
			return nil, false, err
		}
	}
	slices.Sort(evidence)
	return found(slices.Compact(evidence))
}

// presetFields are the fields that the layouts of a bookmark ask for.
func presetFields(text string) []string {
	var layouts map[string]struct {
		Fields []string `json:"fields"`
	}
	if json.Unmarshal([]byte(text), &layouts) != nil {
		return nil // another layout's form
	}
	var fields []string
	for _, layout := range layouts {
		fields = append(fields, layout.Fields...)
	}
	return fields
}

// fieldsOf makes a function that tells whether a collection of the project's
// own has a field. It says yes for collections that it cannot judge.
func (in Input) fieldsOf(ctx context.Context) (func(collection, field string) (bool, error), error) {
	rows, err := in.rows(ctx, "directus_fields")
	if err != nil {
		return nil, err
	}
	known := make(map[[2]string]bool, len(rows))
	for _, r := range rows {
		known[[2]string{r.text("collection"), r.text("field")}] = true
	}
	columns := map[string][]string{}
	return func(collection, field string) (bool, error) {
		if strings.HasPrefix(collection, "directus_") || known[[2]string{collection, field}] {
			return true, nil
		}
		has, read := columns[collection]
		if !read {
			if has, err = in.columns(ctx, collection); err != nil {
				return false, err
			}
			columns[collection] = has
		}
		return len(has) == 0 || slices.Contains(has, field), nil
	}, nil
}

func detectComments(ctx context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	if in.DB != nil {
		n, err := in.count(ctx, "directus_activity", in.DB.Quote("action")+" = 'comment'")
		if err != nil {
			return nil, false, err
		}
		if n > 0 {
			evidence = append(evidence, english.Plural(n, "comment", "")+" in directus_activity")
		}
	}
	permissions, _, err := in.rowsWhere(ctx, "directus_permissions",
		func(r row) bool { return r.text("collection") == "directus_activity" && r.text("action") != "read" },
		func(r row) string {
			return fmt.Sprintf("permission %s (%s directus_activity)", r.text("id"), r.text("action"))
		})
	return append(evidence, permissions...), len(evidence)+len(permissions) > 0, err
}

func detectWebhookPermissions(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_permissions",
		func(r row) bool { return r.text("collection") == "directus_webhooks" },
		func(r row) string {
			return fmt.Sprintf("permission %s (%s directus_webhooks)", r.text("id"), r.text("action"))
		})
}

// downloadFields are the fields from which a download gets its name and date.
var downloadFields = []string{"id", "filename_download", "modified_on"}

func detectFileFields(ctx context.Context, in Input) ([]string, bool, error) {
	rows, err := in.rows(ctx, "directus_permissions")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range rows {
		fields := strings.Split(r.text("fields"), ",")
		if r.text("collection") != "directus_files" || r.text("action") != "read" || slices.Contains(fields, "*") {
			continue
		}
		var lacking []string
		for _, field := range downloadFields {
			if !slices.Contains(fields, field) {
				lacking = append(lacking, field)
			}
		}
		if len(lacking) > 0 {
			owner, err := in.ownerOf(ctx, r)
			if err != nil {
				return nil, false, err
			}
			evidence = append(evidence, fmt.Sprintf("permission %s of %s lacks %s", r.text("id"), owner, strings.Join(lacking, ", ")))
		}
	}
	return found(evidence)
}

// ownerOf names the role or the policy of a permission.
func (in Input) ownerOf(ctx context.Context, permission row) (string, error) {
	table, id := "directus_roles", permission.text("role")
	if permission.has("policy") {
		table, id = "directus_policies", permission.text("policy")
	}
	rows, err := in.rows(ctx, table)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		if r.text("id") == id && !strings.HasPrefix(r.text("name"), "$t:") {
			return r.text("name"), nil
		}
	}
	return "the public", nil
}

func detectRedirectPorts(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, provider := range providers(in) {
		key := "AUTH_" + strings.ToUpper(provider) + "_REDIRECT_ALLOW_LIST"
		for address := range strings.SplitSeq(in.value(key), ",") {
			if address = strings.TrimSpace(address); absoluteURL(address) && !hasPort(address) {
				evidence = append(evidence, key+": "+address)
			}
		}
	}
	if len(evidence) == 0 {
		return nil, false, nil
	}
	return bounded(evidence), false, errUntold
}

var port = regexp.MustCompile(`^https?://[^/]+:\d+(?:/|$)`)

func hasPort(address string) bool { return port.MatchString(address) }

// providers lists the names of AUTH_PROVIDERS.
func providers(in Input) []string {
	var names []string
	for name := range strings.SplitSeq(in.value("AUTH_PROVIDERS"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func detectForeignLogins(ctx context.Context, in Input) ([]string, bool, error) {
	columns, err := in.columns(ctx, "directus_users")
	if err != nil || !slices.Contains(columns, "provider") {
		return nil, false, err
	}
	n, err := in.count(ctx, "directus_users", in.DB.Quote("provider")+" <> 'default'")
	if err != nil || n == 0 {
		return nil, false, err
	}
	return []string{english.Plural(n, "user", "") + " with a login through other services"}, true, nil
}
