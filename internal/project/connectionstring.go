package project

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// connectionURL is a connection string taken apart as the URL class of Node
// does it for schemes other than those of the web. The parts are still
// percent-encoded.
type connectionURL struct {
	scheme         string
	user, password string
	credentials    bool
	host, port     string
	path           string
	query          []string // key=value each
}

var (
	errNotURL  = errors.New("it is no URL such as postgres://user:password@host:5432/name; a special character in the password has to be percent-encoded (# is %23, / is %2F, ? is %3F)")
	errPercent = errors.New("its percent-encoding is broken; a percent sign is %25")
	schemeOf   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// splitURL takes a connection string apart.
func splitURL(text string) (connectionURL, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	scheme := schemeOf.FindString(text)
	rest := text[len(scheme):]
	u := connectionURL{scheme: strings.ToLower(strings.TrimSuffix(scheme, ":"))}
	switch u.scheme {
	case "", "http", "https", "ws", "wss", "ftp", "file":
		return u, errNotURL
	case "socket":
		return u, errors.New("socket: URLs are none that Directus takes; write postgresql:///name?host=/folder/of/the/socket")
	}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return u, errNotURL
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, hasPath := strings.Cut(rest, "/")
	if hasPath {
		u.path = "/" + path
	}
	userinfo, hostport, ok := cutLast(authority, "@")
	if u.credentials = ok; !ok {
		userinfo, hostport = "", authority
	}
	u.user, u.password, _ = strings.Cut(userinfo, ":")
	bracket := strings.LastIndex(hostport, "]") + 1
	if !strings.HasPrefix(hostport, "[") {
		bracket = 0
	}
	host, port, hasPort := strings.Cut(hostport[bracket:], ":")
	u.host, u.port = hostport[:bracket]+host, port
	if u.host == "" && (u.credentials || hasPort) || bracket == 0 && strings.ContainsAny(u.host, " <>[]\\^|\x00") {
		return u, errNotURL
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" {
		if err != nil {
			return u, errNotURL
		}
		u.port = strconv.FormatUint(n, 10)
	}
	// user:12?34@host reads as a host with a port; Directus would go there.
	if !u.credentials && u.port != "" && strings.Contains(path+query+fragment, "@") {
		return u, errNotURL
	}
	for pair := range strings.SplitSeq(query, "&") {
		if pair != "" {
			u.query = append(u.query, pair)
		}
	}
	return u, nil
}

func (u connectionURL) postgres() bool { return u.scheme == "postgres" || u.scheme == "postgresql" }

// String joins the parts again, without a fragment.
func (u connectionURL) String() string {
	var b strings.Builder
	b.WriteString(u.scheme + "://")
	if u.credentials {
		b.WriteString(u.user)
		if u.password != "" {
			b.WriteString(":" + u.password)
		}
		b.WriteString("@")
	}
	b.WriteString(u.host)
	if u.port != "" {
		b.WriteString(":" + u.port)
	}
	b.WriteString(u.path)
	if len(u.query) > 0 {
		b.WriteString("?" + strings.Join(u.query, "&"))
	}
	return b.String()
}

// parseConnectionString returns the settings that knex 3.1.0 makes of a
// connection string (lib/knex-builder/internal/parse-connection.js), by the
// names that its drivers know. Errors never show parts of it. Relative paths
// of certificates start in root.
func parseConnectionString(text, root string) (map[string]any, error) {
	u, err := splitURL(text)
	if err != nil {
		return nil, err
	}
	if u.postgres() {
		return parsePostgres(text, root)
	}
	return u.object()
}

// looseText matches what pg-connection-string encodes once more.
var (
	looseText    = regexp.MustCompile(`(?i) |%[^a-f0-9]|%[a-f0-9][^a-f0-9]`)
	encodedTwice = regexp.MustCompile(`%25(\d\d)`)
)

// parsePostgres is parse() of pg-connection-string 2.6.2, which knex uses in
// Directus 10, 11 and 12.
func parsePostgres(text, root string) (map[string]any, error) {
	if looseText.MatchString(text) {
		text = encodedTwice.ReplaceAllString(encodeURI(text), "%$1")
	}
	u, err := splitURL(text)
	if err != nil {
		return nil, err
	}
	s := map[string]any{}
	for _, pair := range u.query {
		key, value := queryPair(pair)
		s[key] = value
	}
	var decodeErr error
	decoded := func(part string) string {
		plain, err := url.PathUnescape(part)
		if err != nil || !utf8.ValidString(plain) {
			decodeErr = errPercent
		}
		return plain
	}
	user, password, host, path := decoded(u.user), decoded(u.password), decoded(u.host), u.path
	for key, value := range map[string]string{"user": user, "password": password, "port": u.port} {
		if given, _ := s[key].(string); given == "" {
			s[key] = value
		}
	}
	if given, _ := s["host"].(string); given == "" {
		s["host"] = host
	} else if strings.HasPrefix(strings.ToLower(u.host), "%2f") {
		path = "/" + u.host + path
	}
	name, err := decodeURI(path[min(1, len(path)):])
	if err := errors.Join(decodeErr, err); err != nil {
		return nil, errPercent
	}
	s["database"] = name
	return s, readSSLMode(s, root)
}

// readSSLMode sets ssl from the ssl… parameters: any sslmode but disable and
// no-verify has the certificate checked.
func readSSLMode(s map[string]any, root string) error {
	switch s["ssl"] {
	case "true", "1":
		s["ssl"] = true
	case "0":
		s["ssl"] = false
	}
	object := map[string]any{}
	for param, field := range map[string]string{"sslcert": "cert", "sslkey": "key", "sslrootcert": "ca"} {
		path, _ := s[param].(string)
		if path == "" {
			continue
		}
		data, err := os.ReadFile(absIn(root, path))
		if err != nil {
			var cause *os.PathError
			errors.As(err, &cause)
			return fmt.Errorf("the file of its %s cannot be read: %w", param, cause.Err)
		}
		object[field] = strings.ToValidUTF8(string(data), "\uFFFD")
		s["ssl"] = object
	}
	switch mode, _ := s["sslmode"].(string); mode {
	case "":
	case "disable":
		s["ssl"] = false
	case "no-verify":
		object["rejectUnauthorized"] = false
		s["ssl"] = object
	default:
		s["ssl"] = object
	}
	return nil
}

// object is connectionObject() of knex, for schemes other than PostgreSQL's.
func (u connectionURL) object() (map[string]any, error) {
	name := strings.TrimPrefix(u.path, "/")
	if encoded := encodeURI(name + u.host); strings.ReplaceAll(encoded, "%25", "%") != name+u.host {
		return nil, errors.New("its host or the database's name has characters that Directus does not read from a URL of this kind")
	}
	s := map[string]any{"database": name, "host": u.host, "port": u.port}
	for key, part := range map[string]string{"user": u.user, "password": u.password} {
		plain, err := url.PathUnescape(part)
		if err != nil || !utf8.ValidString(plain) {
			return nil, errPercent
		}
		s[key] = plain
	}
	nested := slices.Contains([]string{"mysql", "mariadb", "mssql"}, u.scheme)
	for _, pair := range u.query {
		key, text := queryPair(pair)
		s[key] = text
		var v any
		if nested && json.Unmarshal([]byte(text), &v) == nil {
			s[key] = v
		}
	}
	return s, nil
}
