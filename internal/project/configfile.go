package project

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// read reads the configuration file and sets c.Format.
func (c *Config) read(ctx context.Context, environ []string, nodeBin string) ([]entry, error) {
	if _, err := os.Stat(c.Path); errors.Is(err, os.ErrNotExist) {
		c.Format = NoFile
		return nil, nil
	}
	switch strings.ToLower(filepath.Ext(c.Path)) {
	case ".js", ".cjs", ".mjs":
		c.Format = JavaScript
		return c.readJavaScript(ctx, environ, nodeBin)
	case ".json":
		c.Format = JSON
	case ".yaml", ".yml":
		c.Format = YAML
	default:
		c.Format = Dotenv
	}
	data, err := os.ReadFile(c.Path)
	if err != nil {
		return nil, fault.Wrap(err, "the configuration cannot be read", "check the permissions of "+c.Path)
	}
	if c.Format == Dotenv {
		if err := checkDotenv(c.Path, data); err != nil {
			return nil, err
		}
		var entries []entry
		for _, v := range parseDotenv(data) {
			entries = append(entries, entry{v.key, v.value, FromFile})
		}
		return entries, nil
	}
	entries, err := parseObject(c.Format, data)
	if err != nil {
		return nil, c.notAnObject(err)
	}
	return entries, nil
}

func (c *Config) notAnObject(err error) error {
	return fault.Wrap(err, fmt.Sprintf("the configuration %s cannot be read as %s", c.Path, c.Format),
		"it may be half written; compare it with a copy that is known to be good")
}

// parseObject reads a JSON or YAML mapping, in its order.
func parseObject(format Format, data []byte) ([]entry, error) {
	if format == JSON {
		// YAML cannot stand in for JSON here: it would take broken JSON too.
		data = bytes.TrimPrefix(data, []byte("\uFEFF"))
		var any map[string]any
		if err := json.Unmarshal(data, &any); err != nil {
			return nil, jsonError(data, err)
		}
		if any == nil {
			return nil, errors.New("it does not hold an object")
		}
		return orderedJSON(data)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it does not hold an object")
	}
	var entries []entry
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		decimal(top.Content[i+1])
		var raw any
		if err := top.Content[i+1].Decode(&raw); err != nil {
			return nil, fmt.Errorf("line %d: %w", top.Content[i+1].Line, err)
		}
		entries = append(entries, entry{top.Content[i].Value, raw, FromFile})
	}
	return entries, nil
}

// decimal makes 0123 the number 123, as js-yaml reads it; YAML 1.1 takes it
// for an octal one.
func decimal(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" {
		if digits := strings.TrimLeft(n.Value, "0"); digits != n.Value && digits != "" && digits[0] >= '1' && digits[0] <= '9' {
			n.Value = digits
		}
	}
	for _, child := range n.Content {
		decimal(child)
	}
}

// orderedJSON reads the keys of an object in their order; of a key that
// stands twice the last value counts.
func orderedJSON(data []byte) ([]entry, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var entries []entry
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		var raw any
		if err := decoder.Decode(&raw); err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, raw, FromFile})
	}
	return entries, nil
}

// readConfigScript loads a JavaScript configuration as Directus does and
// writes what it exports to file descriptor 3 as JSON.
//
//go:embed readconfig.cjs
var readConfigScript string

// javaScriptTime is how long a JavaScript configuration may run.
const javaScriptTime = 30 * time.Second

func (c *Config) readJavaScript(ctx context.Context, environ []string, nodeBin string) ([]entry, error) {
	if nodeBin == "" {
		return nil, fault.New("the configuration "+c.Path+" is JavaScript, and no Node is there to run it",
			"install Node, or turn the configuration into a .env file")
	}
	ctx, cancel := context.WithTimeout(ctx, javaScriptTime)
	defer cancel()
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer reader.Close() //nolint:errcheck // read only
	// What the configuration prints is dropped: it may hold secrets.
	child, err := process.Start(ctx, process.Spec{
		Path: nodeBin, Args: []string{"-e", readConfigScript, "--", c.Path},
		Dir: c.root, Env: environ, ExtraFiles: []*os.File{writer},
	})
	_ = writer.Close()
	if err != nil {
		return nil, fault.Wrap(err, "the configuration "+c.Path+" cannot be run", "")
	}
	data, readErr := io.ReadAll(reader)
	if err := errors.Join(child.Wait(), readErr); err != nil {
		return nil, fault.Wrap(err, "running the configuration "+c.Path+" failed", "run it with node to see why")
	}
	var answer struct {
		Error  string          `json:"error"`
		Config json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, c.notAnObject(errors.New("it gave nothing"))
	}
	if answer.Error != "" {
		return nil, c.notAnObject(errors.New(answer.Error))
	}
	return orderedJSON(answer.Config)
}
