package romonfhir.interop;

import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A HAPI FHIR R4 server on loopback: the second opinion of the interop tests.
 *
 * <p>Arguments: the port (0 = any free one), the folder of its database, and whether it refuses
 * what its own validator calls an error ({@code validating}) or stores as HAPI does by default
 * ({@code storing}).
 *
 * <p>Prints one line {@code READY <base URL>} once it answers. Ends when its standard input ends,
 * so it cannot outlive the test that started it.
 */
public final class HapiServer {

    private HapiServer() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3) {
            System.err.println("usage: HapiServer PORT DATABASE_FOLDER storing|validating");
            System.exit(2);
        }
        int port = Integer.parseInt(arguments[0]);
        System.setProperty("rom.database", Path.of(arguments[1]).toAbsolutePath().toString());

        var context = new AnnotationConfigApplicationContext(HapiConfig.class);
        RestfulServer fhir = restfulServer(context, arguments[2].equals("validating"));

        var jetty = new Server();
        var connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        jetty.addConnector(connector);
        var handler = new ServletContextHandler();
        handler.setContextPath("/");
        handler.addServlet(new ServletHolder(fhir), "/fhir/*");
        jetty.setHandler(handler);
        jetty.start();

        String base = "http://127.0.0.1:" + connector.getLocalPort() + "/fhir";
        askOnce(base);
        System.out.println("READY " + base);
        System.out.flush();

        waitForEndOfInput();
        jetty.stop();
        context.close();
        System.exit(0); // HAPI's schedulers would keep the process alive.
    }

    private static RestfulServer restfulServer(
            AnnotationConfigApplicationContext context, boolean validating) {
        IFhirSystemDao<?, ?> systemDao = context.getBean(IFhirSystemDao.class);
        var server = new RestfulServer(systemDao.getContext());
        server.registerProviders(context.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProvider(context.getBean(JpaSystemProvider.class));
        server.setServerConformanceProvider(new JpaCapabilityStatementProvider(
                server,
                systemDao,
                context.getBean(JpaStorageSettings.class),
                context.getBean(ISearchParamRegistry.class),
                context.getBean(IValidationSupport.class)));
        server.setPagingProvider(context.getBean(DatabaseBackedPagingProvider.class));
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        if (validating) {
            var interceptor = new RequestValidatingInterceptor();
            interceptor.setFailOnSeverity(ResultSeverityEnum.ERROR);
            interceptor.setValidatorModules(List.of(context.getBean(IValidatorModule.class)));
            server.registerInterceptor(interceptor);
        }
        return server;
    }

    /** The first answer builds the CapabilityStatement, which is slow: pay for it before READY. */
    private static void askOnce(String base) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(base + "/metadata")).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("GET /metadata answered " + answer.statusCode());
        }
    }

    private static void waitForEndOfInput() throws IOException {
        while (System.in.read() != -1) {
            // What is written to us means nothing.
        }
    }
}
