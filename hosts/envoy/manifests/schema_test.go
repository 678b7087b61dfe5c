package manifests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json" // integers stay integers
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// published are the modules with the definitions, at the versions that the manifests are
// written for. They are downloaded and read, and no code of them is built. A sum is that of
// the module's content (go.sum's h1).
var published = []struct{ module, sum, files string }{
	{"istio.io/api@v1.31.4", "h1:AcnncYrlDj1PJkym7h88Gggkef4MAra8QpGaXRMsr+E=",
		"kubernetes/customresourcedefinitions.gen.yaml"},
	{"github.com/envoyproxy/gateway@v1.8.0", "h1:pn5TYSteO1zZjUMPVXGY7ayFDhZAZZWAQ+yDgVzj78o=",
		"charts/gateway-helm/charts/crds/crds/generated/*.yaml"},
}

// definitions finds the definitions of all kinds, by apiVersion and kind.
var definitions = sync.OnceValues(func() (map[string]*validator, error) {
	all := map[string]*validator{}
	for _, p := range published {
		folder, err := download(p.module, p.sum)
		if err != nil {
			return nil, err
		}
		files, err := filepath.Glob(filepath.Join(folder, p.files))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("%s: no %s: %v", p.module, p.files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, document := range documents(data) {
				if err := define(all, document); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
			}
		}
	}
	return all, nil
})

// download fetches a module into the module cache and gives its folder.
func download(module, sum string) (string, error) {
	// Outside of any module: the answer depends on nothing but the version.
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Dir, command.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	text, err := command.Output()
	var answer struct{ Dir, Sum, Error string }
	if e := json.Unmarshal(text, &answer); e != nil {
		return "", fmt.Errorf("go mod download %s: %v %v", module, err, e)
	}
	switch {
	case err != nil || answer.Error != "":
		return "", fmt.Errorf("go mod download %s: %v %s", module, err, answer.Error)
	case answer.Sum != sum:
		return "", fmt.Errorf("%s has the sum %s, want %s", module, answer.Sum, sum)
	}
	return answer.Dir, nil
}

// documents takes a stream of YAML documents apart.
func documents(data []byte) []string {
	var all []string
	for _, text := range strings.Split("\n"+string(data), "\n---") {
		if object := map[string]any{}; yaml.Unmarshal([]byte(text), &object) != nil || len(object) > 0 {
			all = append(all, text)
		}
	}
	return all
}

// define adds the versions of one definition.
func define(all map[string]*validator, document string) error {
	var crd v1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict([]byte(document), &crd); err != nil {
		return err
	}
	for _, version := range crd.Spec.Versions {
		name := crd.Spec.Group + "/" + version.Name + " " + crd.Spec.Names.Kind
		if !version.Served || version.Schema == nil {
			return fmt.Errorf("%s is not served, or has no schema", name)
		}
		all[name] = &validator{published: version.Schema.OpenAPIV3Schema}
	}
	return nil
}

// validator decides about resources of one kind as a Kubernetes API server with strict
// field validation does.
type validator struct {
	published  *v1.JSONSchemaProps
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

func (v *validator) prepare() error {
	if v.structural != nil {
		return nil
	}
	var internal apiextensions.JSONSchemaProps
	err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.published, &internal, nil)
	if err != nil {
		return err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return err
	}
	if v.values, _, err = validation.NewSchemaValidator(&internal); err != nil {
		return err
	}
	v.rules = cel.NewValidator(structural, true, celconfig.PerCallLimit)
	v.structural = structural
	return nil
}

// faults are what is wrong with a resource: unknown fields, values that the schema does not
// admit, and rules (x-kubernetes-validations) that do not hold.
func faults(text string) ([]string, error) {
	data, err := yaml.YAMLToJSONStrict([]byte(text)) // strict: no member twice
	if err != nil {
		return nil, err
	}
	var object, copied map[string]any
	if err := errors.Join(json.Unmarshal(data, &object), json.Unmarshal(data, &copied)); err != nil {
		return nil, err
	}
	all, err := definitions()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprint(object["apiVersion"], " ", object["kind"])
	v := all[name]
	if v == nil {
		return nil, fmt.Errorf("nobody publishes %s", name)
	}
	if err := v.prepare(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var found []string
	unknown := pruning.PruneWithOptions(copied, v.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		found = append(found, path+": unknown field")
	}
	defaulting.Default(object, v.structural)
	list := validation.ValidateCustomResource(nil, object, v.values)
	list = append(list, listtype.ValidateListSetsAndMaps(nil, v.structural, object)...)
	if len(list) == 0 { // as the API server: rules may assume what the schema says
		if v.rules != nil {
			broken, _ := v.rules.Validate(context.Background(), nil, v.structural, object, nil, celconfig.RuntimeCELCostBudget)
			list = append(list, broken...)
		}
	}
	for _, fault := range list {
		found = append(found, fault.Error())
	}
	return found, nil
}

// resources reads the resources of a manifest in the folder above, by kind.
func resources(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", file))
	require.NoError(t, err)
	all := map[string]string{}
	for _, text := range documents(data) {
		var head struct{ Kind string }
		require.NoError(t, yaml.Unmarshal([]byte(text), &head))
		require.NotContains(t, all, head.Kind)
		all[head.Kind] = text
	}
	require.NotEmpty(t, all)
	return all
}
