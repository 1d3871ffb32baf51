package romonfhir.interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.Constants;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.hl7.fhir.common.hapi.validation.support.NpmPackageValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Reads a FHIR NPM package twice: with the HL7 validator's package reader, and with HAPI's own
 * validation support.
 *
 * <p>Argument: the file's name on the class path. Prints one JSON object: {@code {"name",
 * "version", "fhirVersion", "canonical", "files": [those the package's index names, each parsed
 * as R4], "codeSystems": [urls that HAPI's support resolves]}}.
 */
public final class PackageReader {

    private static final ObjectMapper JSON = new ObjectMapper();

    private PackageReader() {}

    public static void main(String[] arguments) throws IOException {
        String file = arguments[0];
        FhirContext fhir = FhirContext.forR4();
        var support = new NpmPackageValidationSupport(fhir);
        support.loadPackageFromClasspath(file);
        NpmPackage found;
        try (InputStream in = PackageReader.class.getResourceAsStream("/" + file)) {
            found = NpmPackage.fromPackage(in);
        }
        ObjectNode line = JSON.createObjectNode();
        line.put("name", found.name());
        line.put("version", found.version());
        line.put("fhirVersion", found.fhirVersion());
        line.put("canonical", found.canonical());
        var files = line.putArray("files");
        var codeSystems = line.putArray("codeSystems");
        for (String name : found.listResources("Questionnaire", "CodeSystem")) {
            IBaseResource resource;
            try (InputStream in = found.load("package", name)) {
                resource = fhir.newJsonParser()
                        .parseResource(new String(in.readAllBytes(), Constants.CHARSET_UTF8));
            }
            files.add(name);
            if (resource instanceof CodeSystem system
                    && support.fetchCodeSystem(system.getUrl()) != null) {
                codeSystems.add(system.getUrl());
            }
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8)
                .println(JSON.writeValueAsString(line));
    }
}
