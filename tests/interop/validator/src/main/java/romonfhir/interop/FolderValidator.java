package romonfhir.interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.MetadataResource;
import org.hl7.fhir.r4.model.Questionnaire;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * Validates each FHIR R4 resource of a folder, without any network.
 *
 * <p>Arguments: the folder of resources, then any number of folders of definitions (profiles,
 * extensions, value sets, code systems, Questionnaires), searched with their sub-folders. A
 * resource is held against the base specification and against the profiles its {@code
 * meta.profile} names.
 *
 * <p>Prints one JSON line per file: {@code {"file", "resourceType", "id", "issues": [{"severity",
 * "place", "message", "id"}]}}.
 */
public final class FolderValidator {

    private static final Set<String> DEFINITIONS =
            Set.of("StructureDefinition", "ValueSet", "CodeSystem", "Questionnaire");
    private static final ObjectMapper JSON = new ObjectMapper();

    private FolderValidator() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 0) {
            System.err.println("usage: FolderValidator RESOURCES [DEFINITIONS ...]");
            System.exit(2);
        }
        List<Path> folders = Stream.of(arguments).map(Path::of).toList();
        FhirContext fhir = FhirContext.forR4();
        // Extension packs are authored for R5: what R4 does not know of them is left out.
        fhir.setParserErrorHandler(new LenientErrorHandler(false));
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        FhirValidator validator = validator(fhir, folders.subList(1, folders.size()));
        for (Path file : jsonFiles(folders.get(0), 1)) {
            out.println(JSON.writeValueAsString(report(validator, file)));
        }
    }

    private static FhirValidator validator(FhirContext fhir, List<Path> folders)
            throws IOException {
        var instance = new FhirInstanceValidator(new ValidationSupportChain(
                definitions(fhir, folders),
                new DefaultProfileValidationSupport(fhir),
                new CommonCodeSystemsTerminologyService(fhir),
                new InMemoryTerminologyServerValidationSupport(fhir),
                new SnapshotGeneratingValidationSupport(fhir)));
        instance.setErrorForUnknownProfiles(true);
        instance.setAnyExtensionsAllowed(true);
        var validator = fhir.newValidator();
        validator.registerValidatorModule(instance);
        return validator;
    }

    /** One definition per canonical URL: the first one, but one with a snapshot before one without. */
    private static IValidationSupport definitions(FhirContext fhir, List<Path> folders)
            throws IOException {
        Map<String, MetadataResource> chosen = new TreeMap<>();
        for (Path folder : folders) {
            for (Path file : jsonFiles(folder, Integer.MAX_VALUE)) {
                if (!DEFINITIONS.contains(JSON.readTree(file.toFile()).path("resourceType").asText())) {
                    continue;
                }
                var found = (MetadataResource)
                        fhir.newJsonParser().parseResource(Files.readString(file));
                if (found.hasUrl()) {
                    chosen.merge(found.getUrl(), found,
                            (first, next) -> lacksSnapshot(first) ? next : first);
                }
            }
        }
        return new GivenDefinitions(fhir, chosen);
    }

    /** HAPI's own support, which knows no Questionnaires, and those. */
    private static final class GivenDefinitions extends PrePopulatedValidationSupport {

        private final Map<String, MetadataResource> byUrl;

        GivenDefinitions(FhirContext fhir, Map<String, MetadataResource> byUrl) {
            super(fhir);
            this.byUrl = byUrl;
            byUrl.values().forEach(this::addResource);
        }

        @Override
        public <T extends IBaseResource> T fetchResource(Class<T> type, String canonical) {
            if (type == null || !Questionnaire.class.isAssignableFrom(type)) {
                return super.fetchResource(type, canonical);
            }
            String[] urlAndVersion = canonical.split("\\|", 2);
            MetadataResource found = byUrl.get(urlAndVersion[0]);
            boolean otherVersion = urlAndVersion.length == 2
                    && found != null
                    && !urlAndVersion[1].equals(found.getVersion());
            return found instanceof Questionnaire && !otherVersion ? type.cast(found) : null;
        }
    }

    private static boolean lacksSnapshot(MetadataResource definition) {
        return definition instanceof StructureDefinition profile && !profile.hasSnapshot();
    }

    private static List<Path> jsonFiles(Path folder, int depth) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth)) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
        }
    }

    private static ObjectNode report(FhirValidator validator, Path file) throws IOException {
        String text = Files.readString(file);
        ObjectNode line = JSON.createObjectNode();
        line.put("file", file.getFileName().toString());
        JsonNode resource = JSON.readTree(text);
        line.put("resourceType", resource.path("resourceType").asText());
        line.put("id", resource.path("id").asText());
        ArrayNode issues = line.putArray("issues");
        for (SingleValidationMessage found : validator.validateWithResult(text).getMessages()) {
            ObjectNode issue = issues.addObject();
            issue.put("severity", found.getSeverity().getCode());
            issue.put("place", found.getLocationString());
            issue.put("message", found.getMessage());
            issue.put("id", found.getMessageId());
        }
        return line;
    }
}
