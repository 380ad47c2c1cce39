import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import liquibase.integration.commandline.LiquibaseCommandLine;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.core.api.output.ValidateOutput;
import org.flywaydb.core.api.output.ValidateResult;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/**
 * Flyway and Liquibase behind one standing process, since starting Java for every question takes seconds.
 *
 * <p>A question is one line, its words parted by tabs: `flyway VERB key=value…` with Flyway's own keys, or
 * `liquibase ARGUMENT…` as on its command line. The answer is lines, the last of them `= ok` or `= failed`.
 */
public final class Peer {
    private static PrintStream out;

    public static void main(String[] arguments) throws Exception {
        out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = questions.readLine()) != null; ) {
            String[] words = line.split("\t", -1);
            boolean fine;
            try {
                String[] rest = Arrays.copyOfRange(words, 1, words.length);
                fine = words[0].equals("flyway") ? flyway(rest) : liquibase(rest);
            } catch (Exception error) {
                out.println(error.getMessage());
                fine = false;
            }
            out.println(fine ? "= ok" : "= failed");
        }
    }

    private static boolean flyway(String[] words) {
        Map<String, String> settings = new HashMap<>();
        for (String word : Arrays.copyOfRange(words, 1, words.length)) {
            int at = word.indexOf('=');
            settings.put("flyway." + word.substring(0, at), word.substring(at + 1));
        }
        // Flyway's library reads this one from a map only with a JSON library beside it.
        String lock = settings.remove("flyway.postgresql.transactional.lock");
        FluentConfiguration configuration = Flyway.configure().configuration(settings);
        if (lock != null) {
            configuration.getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                    .setTransactionalLock(Boolean.parseBoolean(lock));
        }
        Flyway flyway = configuration.load();
        switch (words[0]) {
            case "migrate" -> out.println(flyway.migrate().migrationsExecuted);
            case "baseline" -> flyway.baseline();
            case "repair" -> flyway.repair();
            case "info" -> {
                for (MigrationInfo one : flyway.info().all()) {
                    out.println(String.join("\t", String.valueOf(one.getVersion()), one.getDescription(),
                            one.getType().toString(), one.getState().toString(),
                            String.valueOf(one.getResolvedChecksum()), String.valueOf(one.getAppliedChecksum())));
                }
            }
            case "validate" -> {
                ValidateResult result = flyway.validateWithResult();
                for (ValidateOutput one : result.invalidMigrations) {
                    out.println(one.version + ": " + one.errorDetails.errorMessage);
                }
                return result.validationSuccessful;
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return true;
    }

    private static boolean liquibase(String[] words) throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(said, true, StandardCharsets.UTF_8);
        PrintStream before = System.out;
        PrintStream errors = System.err;
        System.setOut(stream);
        System.setErr(stream);
        try {
            return new LiquibaseCommandLine().execute(words) == 0;
        } finally {
            System.setOut(before);
            System.setErr(errors);
            out.print(said.toString(StandardCharsets.UTF_8));
            if (!said.toString(StandardCharsets.UTF_8).endsWith("\n")) {
                out.println();
            }
        }
    }
}
