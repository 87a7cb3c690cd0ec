package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decodeYAML reads one YAML document as js-yaml, which Directus uses, would:
// anchors are followed, dates stay text. The parser does not expand anchors;
// here they are counted as often as they are used, so that a few lines cannot
// become billions.
func decodeYAML(data []byte) (any, error) {
	if parts := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte(",")); parts > maxYAMLParts {
		return nil, errTooMany
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decode(decoder, &document); err != nil {
		return nil, err
	}
	var second yaml.Node
	if decode(decoder, &second) == nil {
		return nil, errors.New("it holds more than one document")
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return nil, errors.New("it holds no document")
	}
	r := &yamlReader{keys: interner{}, open: map[*yaml.Node]bool{}}
	return r.value(document.Content[0], 0)
}

// decode keeps a fault of the parser from ending the program.
func decode(decoder *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the YAML cannot be read: %v", fault)
		}
	}()
	if err := decoder.Decode(node); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return nil
}

type yamlReader struct {
	keys    interner
	counter counter
	open    map[*yaml.Node]bool // anchors being followed
}

func (r *yamlReader) value(node *yaml.Node, depth int) (any, error) {
	if err := r.counter.add(depth); err != nil {
		return nil, at(node, err)
	}
	switch node.Kind {
	case yaml.MappingNode:
		return r.object(node, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, entry := range node.Content {
			value, err := r.value(entry, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.AliasNode:
		if node.Alias == nil || r.open[node.Alias] {
			return nil, at(node, errors.New("an anchor contains itself"))
		}
		r.open[node.Alias] = true
		defer delete(r.open, node.Alias)
		return r.value(node.Alias, depth+1)
	case yaml.ScalarNode:
		value, err := scalar(node)
		return value, at(node, err)
	default:
		return nil, at(node, errors.New("it is not understood"))
	}
}

func (r *yamlReader) object(node *yaml.Node, depth int) (any, error) {
	object := make(Object, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		if name.Kind != yaml.ScalarNode || name.ShortTag() == "!!merge" {
			return nil, at(name, errors.New("a key is not plain text"))
		}
		key := r.keys.word([]byte(name.Value))
		if _, twice := object[key]; twice {
			return nil, at(name, fmt.Errorf("the key %q is given twice", cut(key)))
		}
		value, err := r.value(node.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		object[key] = value
	}
	return object, nil
}

func scalar(node *yaml.Node) (any, error) {
	switch tag := node.ShortTag(); tag {
	case "!!null":
		return nil, nil
	case "!!str", "!!timestamp":
		return node.Value, nil
	case "!!bool":
		var flag bool
		err := node.Decode(&flag)
		return flag, err
	case "!!int", "!!float":
		var n float64
		if err := node.Decode(&n); err != nil || n != n || n > maxFloat || n < -maxFloat {
			return nil, fmt.Errorf("%q is not a number that JSON has", cut(node.Value))
		}
		return n, nil
	default:
		return nil, fmt.Errorf("a value has the type %s, which a snapshot never has", cut(tag))
	}
}

const maxFloat = 1.79769313486231570814527423731704356798070e+308

func at(node *yaml.Node, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("line %d: %w", node.Line, err)
}
